"""`mien bench` as it is typed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from edge.bench.document import json_schema, read_document
from edge.bench.pipeline import EVERY, SELDOM
from edge.cli import main
from edge.errors import (
    CameraMissingError,
    ConfigError,
    FileUnreadableError,
    ModelMissingError,
    NotABenchmarkError,
    OutputError,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(monkeypatch, capfd):
    """Run the command line in this process: its exit code, output and complaints."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["mien", *map(str, arguments)])
        monkeypatch.chdir(ROOT)
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capfd.readouterr()

    return call


def test_figures(clip, bundle, mien, tmp_path):
    path, page = tmp_path / "bench.json", tmp_path / "bench.html"
    done = mien("bench", "--seconds", 0.4, "--threads", 1, "--json", path, "--html", page)
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(path.read_text()), json_schema())
    document = read_document(path)
    classify, every, seldom = document.results
    assert [result.name for result in document.results] == ["classify", EVERY, SELDOM]
    for result in document.results:
        assert result.timing.calls >= 100
        assert result.model_threads == result.vision_threads == 1
        assert result.model.name == bundle.manifest.name
    assert all(r.timing.latency_seconds.p50 > 0 for r in (classify, every, seldom))
    assert seldom.interval > 1
    assert 0 < seldom.looks["full"] < 1
    assert seldom.agreement >= 0.9
    assert every.pictures.faces_per_frame >= 0.9
    assert document.start.import_seconds > 0
    assert document.start.first_observation_seconds > 0
    assert document.start.daemon_rss_bytes > 10_000_000
    assert document.clean == (not document.reasons)
    for word in ("whole way of a frame", "to the first observation", "a short run", bundle.manifest.name):
        assert word in done.stdout
    assert ("NOT CLEAN" in done.stdout) == (not document.clean)
    assert "<svg" in page.read_text()
    compared = mien("bench", "compare", path, path)
    assert compared.returncode == 0, compared.stderr
    assert compared.stdout.count("no difference") == 3
    assert "short run" in compared.stdout


def test_a_sweep(short_clip, bundle, mien, tmp_path):
    path, page = tmp_path / "sweep.json", tmp_path / "sweep.html"
    flags = ("--models", "slim", "--threads", "1", "--sizes", "64,96", "--intervals", "3", "--seconds", 0.1)
    done = mien("bench", "sweep", *flags, "--camera", short_clip, "--json", path, "--html", page)
    assert done.returncode == 0, done.stderr
    document = read_document(path)
    assert [(one.longest_side, one.interval) for one in document.results] == [(64, 3), (96, 3)]
    assert "every 3, fps" in done.stdout
    assert "slim, 1 thread, 96 px, every 3" in page.read_text()


def test_an_interval_may_be_chosen(short_clip, bundle, mien, tmp_path):
    path = tmp_path / "bench.json"
    flags = ("--seconds", 0.1, "--interval", 2, "--camera", short_clip, "--json", path)
    assert mien("bench", "pipeline", *flags).returncode == 0
    seldom = read_document(path).results[1]
    assert seldom.interval == 2
    assert 0.4 <= seldom.looks["full"] <= 0.7


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        (("compare", "/no/a.json", "/no/b.json"), FileUnreadableError, "No such file"),
        (("compare", "README.md", "README.md"), NotABenchmarkError, "is not JSON"),
        (("classify", "--quick", "--model", "nobody"), ModelMissingError, "no model 'nobody'"),
        (("sweep", "--models", "slim,nobody"), ModelMissingError, "no model 'nobody'"),
        (("sweep", "--models", "slim,edge/models/slim"), ConfigError, "each another"),
        (("sweep", "--models", ","), ConfigError, "each another"),
        (("sweep", "--camera", "0"), ConfigError, "give --camera demo or a recording"),
        (("pipeline", "--quick", "--camera", "/no/film.mp4"), FileUnreadableError, "there is no file"),
        (("detect", "--quick", "--camera", "/dev/video77"), CameraMissingError, "/dev/video77"),
        (("classify", "--quick", "--json", "/no/a.json"), OutputError, "there is no folder /no"),
        (("classify", "--quick", "--html", "docs"), OutputError, "docs is a folder"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(arguments, error, word, here):
    code, out, complaints = here("bench", *arguments)
    assert code == error.exit_code
    assert out == ""
    (line,) = complaints.splitlines()
    assert line.startswith("mien: ")
    assert word in line


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--seconds", 3, "classify"), "flags go behind it"),
        (("classify", "--quick", "--seconds", 3), "--quick says how long"),
        (("sweep", "--threads", "1,x"), "--threads takes numbers from 1 to 64"),
        (("sweep", "--sizes", "16"), "--sizes takes numbers from 32 to 4096"),
        (("sweep", "--intervals", "0"), "--intervals takes numbers from 1 to 1000"),
    ],
)
def test_a_wrong_command_line(arguments, word, here):
    code, _, complaints = here("bench", *arguments)
    assert code == 2
    assert word in complaints


def test_interrupted_it_leaves_no_file_and_no_traceback(clip, bundle, tmp_path):
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "edge.cli", "bench", "classify", "--json", str(path)]
    # As in a terminal; what is started in the background may be told to ignore it.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        maps = f"/proc/{process.pid}/maps"
        while bundle.model.name not in open(maps).read() and process.poll() is None:  # noqa: SIM115
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        out, complaints = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert out == ""
    assert "Traceback" not in complaints
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays_when_a_run_fails(here, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text("before")
    assert here("bench", "detect", "--camera", "/no/film.mp4", "--json", path)[0] == 11
    assert path.read_text() == "before"
