import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_models import (
    FACES,
    anything,
    convert,
    endless,
    greedy,
    no_number,
    no_probabilities,
    seal,
    six,
    write,
)

from edge import bundles
from edge.bundles import admission
from edge.bundles.admission import admit
from edge.bundles.examination import examine
from edge.errors import DependencyError, ModelCorruptError, ModelMissingError, ModelUnfitError


def assert_refused(folder, message, kind=ModelCorruptError, budget=None, look=admit):
    with pytest.raises(kind, match=message) as caught:
        look(folder, budget)
    assert "\n" not in str(caught.value)
    assert ": " in str(caught.value)


def change(folder, **changes):
    """Other words in a manifest."""
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder


@pytest.fixture
def copy(small, tmp_path):
    """A bundle that may be spoilt."""
    return shutil.copytree(small, tmp_path / "copy")


@pytest.mark.parametrize(
    ("task", "name"), [("expression", bundles.DEFAULT_MODEL), ("detection", bundles.DEFAULT_DETECTOR)]
)
def test_what_ships_is_admitted(bundle, task, name):
    found = admit(bundles.SHIPPED / name, budget=60.0)
    assert (found.name, found.task) == (name, task)
    assert found.latency_seconds > 0
    assert found.runtime.split()[0] in ("ai-edge-litert", "tflite-runtime")


def test_small_models_are_admitted(small, tmp_path):
    assert admit(small, None).golden_difference <= 2 / 255
    assert admit(write(tmp_path / "float", convert()), None).golden_difference <= 1e-3


@pytest.mark.parametrize("kind", ["float16", "dynamic"])
def test_other_quantisations_take_and_give_floats(tmp_path, kind):
    assert admit(write(tmp_path / "float", convert(), quantisation=kind)).version == "1.0.0"


def test_a_model_that_is_too_slow_is_unfit(small):
    assert_refused(small, r"takes .* ms on this device, more than", ModelUnfitError, budget=1e-9)


def test_a_model_that_needs_a_newer_runtime_is_unfit(copy):
    assert_refused(change(copy, minimum_runtime="99.0"), r"needs ai-edge-litert 99\.0", ModelUnfitError)
    assert_refused(change(copy, minimum_runtime="new"), "minimum_runtime", look=examine)


def test_a_float_model_where_int8_was_promised(tmp_path):
    folder = write(tmp_path / "float", convert(), quantisation="int8")
    assert_refused(folder, "is not int8, as its manifest says: its input or output is float32")


def test_an_int8_model_where_float_was_promised(copy):
    assert_refused(change(copy, quantisation="float32"), "is not float32, as its manifest says")


def test_a_model_of_six_answers(tmp_path):
    assert_refused(write(tmp_path / "six", convert(six), anything()), r"output is \[\(1, 6\)\]")


def test_answers_that_are_no_number(tmp_path):
    folder = write(tmp_path / "nan", convert(no_number), anything())
    assert_refused(folder, "answers otherwise here .*largest difference inf")


def test_golden_answers_that_are_no_number(tmp_path):
    assert_refused(write(tmp_path / "nan", convert(no_number), anything() * np.nan), "probabilities are")


def test_answers_that_are_no_probabilities(tmp_path):
    folder = write(tmp_path / "sigmoid", convert(no_probabilities))
    assert_refused(folder, "its probabilities add up to")


def test_pixels_read_otherwise_than_in_training(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    assert_refused(change(copy, input=manifest["input"] | {"offset": 0.0}), "reads pixels as -1.000 to")


def test_a_model_of_another_size(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    assert_refused(change(copy, input=manifest["input"] | {"size": 32}), "not uint8 faces of 32 pixels")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["angry", "happy"]}, "labels are"),
        ({"labels": ["happy", "disgust", "fear", "angry", "sad", "surprise", "neutral"]}, "labels are"),
        ({"input": {"size": 16, "channels": 3, "scale": 0.0078125, "offset": -1.0}}, "input is"),
        ({"calibration": {"temperature": float("nan"), "abstain_below": 0.4}}, "calibration.temperature"),
        ({"sha256": {}}, "has no sha256 of model.tflite"),
        ({"sha256": {"../../etc/passwd": "0"}}, "lists '../../etc/passwd'"),
        ({"name": "../up"}, "name"),
        ({"task": "segmentation"}, "task"),
        ({"\x1b[2J\n": 1}, r"\\x1b\[2J\\n"),
    ],
)
def test_manifests_that_do_not_fit(copy, changes, message):
    """Refused before the runtime sees the model, so that this needs no process of its own."""
    assert_refused(change(copy, **changes), message, look=examine)


def test_a_manifest_of_endless_depth(copy):
    (copy / "manifest.json").write_text("[" * 100_000)
    assert_refused(copy, "unreadable", look=examine)


def test_what_is_altered_or_missing(copy, tmp_path):
    with (copy / "golden.npz").open("ab") as file:
        file.write(b"!")
    assert_refused(copy, "sha256 differs", look=examine)
    (copy / "golden.npz").unlink()
    assert_refused(copy, "golden.npz is missing", look=examine)
    assert_refused(tmp_path / "nowhere", "is no bundle", ModelMissingError)


def golden(folder, **arrays):
    np.savez_compressed(folder / "golden.npz", **arrays)
    seal(folder)
    return folder


def test_golden_outputs_that_prove_nothing(small, copy):
    with np.load(small / "golden.npz") as kept:
        answers = kept["probabilities"]
    assert admit(golden(copy, inputs=FACES, probabilities=answers)).name == "small"
    nudged = answers + np.float32(2.5 / 255) * np.sign(0.5 - answers)
    for inputs, probabilities in (
        (FACES, np.roll(answers, 1, axis=1)),
        (FACES, nudged),
        (FACES[:0], answers[:0]),
        (FACES.astype(np.float32), answers),
    ):
        assert_refused(
            golden(copy, inputs=inputs, probabilities=probabilities), "otherwise here|cannot be run"
        )
    assert_refused(golden(copy, inputs=FACES), "cannot be run")
    assert_refused(golden(copy, inputs=np.array([{}], object), probabilities=answers), "cannot be run")
    (copy / "golden.npz").write_bytes(b"no arrays")
    seal(copy)
    assert_refused(copy, "cannot be run")


def test_golden_outputs_that_take_all_memory(copy):
    """An array that calls itself 16 GiB large, which numpy makes room for before it reads."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 14, 1 << 10, 1 << 10)}
    with zipfile.ZipFile(copy / "golden.npz", "w") as archive, archive.open("inputs.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, header)
    seal(copy)
    assert_refused(copy, "cannot be run .*(MemoryError|Unable to allocate)")


def test_a_model_that_takes_all_memory(tmp_path):
    assert_refused(write(tmp_path / "greedy", convert(greedy), anything()), "cannot be|crashes")


def test_a_model_that_never_ends(tmp_path, monkeypatch):
    folder = write(tmp_path / "endless", convert(endless), anything())
    monkeypatch.setattr(admission, "CPU_LIMIT", 2)
    assert_refused(folder, "was not done after 2 s", ModelUnfitError)


def test_a_crash_of_the_runtime_is_a_refusal(small):
    """The child gets the signal that a fault in the runtime would bring."""

    def strike():
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for child in children():
                os.kill(child, signal.SIGSEGV)
                return
            time.sleep(0.005)

    thread = threading.Thread(target=strike)
    thread.start()
    with pytest.raises(ModelCorruptError, match=r"crashes the runtime \(SIGSEGV\): do not use it"):
        admit(small)
    thread.join()


def children():
    """Processes of this one that look at a model."""
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"edge.bundles.admission" in Path(f"/proc/{child}/cmdline").read_bytes():
                yield int(child)


def test_a_child_that_says_nothing_is_a_refusal(small):
    for output in (b"", b"\xff\n", b"[]\n", b'{"name": "small"}\n', b"7\n", b'{"refusal": "SystemExit"}\n'):
        with pytest.raises(ModelCorruptError):
            admission._read(small, output)


def test_a_python_that_may_not_be_run_is_told(small, tmp_path, monkeypatch):
    (tmp_path / "python").touch(0o644)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert_refused(small, "python cannot be started", DependencyError)


def test_what_lies_in_the_working_folder_is_not_run(small, tmp_path):
    """Whoever looks at a bundle from a folder of downloads must not run what else was downloaded."""
    (tmp_path / "json.py").write_text("raise SystemExit('run')\n")
    code = f"from pathlib import Path; from edge.bundles.admission import admit; admit(Path({str(small)!r}))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
