import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUIET = ("--jsonl", "-", "--no-http")


def assert_refused(done, code):
    """One line on standard error, telling why, and the exit code."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = [
        line for line in done.stderr.splitlines() if not line.startswith(("mien: camera ", "mien: end of"))
    ]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("mien: ")
    assert ":" in lines[0].removeprefix("mien: ")


def text_called(path: Path) -> Path:
    path.write_text("no picture at all\n" * 50)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda tmp: "97", 10),
        (lambda tmp: tmp / "missing.mp4", 11),
        (lambda tmp: empty(tmp / "empty.mp4"), 11),
        (lambda tmp: empty(tmp / "empty.png"), 11),
        (lambda tmp: text_called(tmp / "text.mp4"), 12),
        (lambda tmp: text_called(tmp / "text.png"), 12),
        (lambda tmp: tmp, 13),
    ],
)
def test_cameras_that_cannot_be_used(bundle, mien, tmp_path, make, code):
    assert_refused(mien("run", "--camera", make(tmp_path), *QUIET), code)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda tmp: tmp / "missing.png", 11),
        (lambda tmp: empty(tmp / "empty.png"), 11),
        (lambda tmp: text_called(tmp / "text.png"), 12),
        (lambda tmp: tmp, 13),
    ],
)
def test_pictures_that_cannot_be_used(bundle, mien, tmp_path, make, code):
    assert_refused(mien("predict", make(tmp_path), "--faces", "--jsonl"), code)


@pytest.mark.parametrize(
    "command", [("predict", "FOLDER", "--faces", "--jsonl"), ("run", "--camera", "FOLDER", *QUIET)]
)
def test_models_that_cannot_be_used(photos, bundle, mien, tmp_path, command):
    command = [str(photos / "a.png") if word == "FOLDER" else word for word in command]
    assert_refused(mien(*command, "--model", "nonesuch"), 20)
    broken = shutil.copytree(bundle.path, tmp_path / "broken")
    model = broken / "model.tflite"
    model.write_bytes(model.read_bytes()[:1000])
    assert_refused(mien(*command, "--model", broken), 21)
    shutil.copy(bundle.model, model)
    (broken / "manifest.json").write_text("{")
    assert_refused(mien(*command, "--model", broken), 21)


def test_configuration_that_cannot_be_used(mien, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[camera]\nsorce = "demo"\n')
    done = mien("run", "--config", file)
    assert_refused(done, 30)
    assert "'camera.sorce'" in done.stderr
    assert "'camera.source'" in done.stderr
    assert_refused(mien("run", environment={"MIEN_DETECTOR_THRESHOLD": "much"}), 30)
    assert_refused(mien("run", "--http", "0.0.0.0:8642"), 30)


def test_a_detector_that_does_not_exist(photos, bundle, mien):
    assert_refused(mien("predict", photos / "a.png", "--detector", "nonesuch"), 30)


def test_outputs_that_cannot_be_used(short_clip, bundle, mien, tmp_path):
    assert_refused(mien("run", "--camera", short_clip, "--no-http", "--jsonl", tmp_path / "no/where"), 40)
    if os.path.exists("/dev/full"):
        assert_refused(mien("run", "--camera", short_clip, "--no-http", "--jsonl", "/dev/full"), 40)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_refused(mien("run", "--camera", short_clip, "--http", f"127.0.0.1:{port}"), 40)


def test_a_wrong_command_line(mien):
    assert mien("run", "--nonesuch").returncode == 2
    assert mien("nonesuch").returncode == 2


def test_debug_shows_where_it_went_wrong(mien, tmp_path):
    done = mien("predict", tmp_path / "missing.png", "--debug")
    assert done.returncode == 1
    assert "FileUnreadableError" in done.stderr
    assert "Traceback" in done.stderr


def test_config_show_tells_values_and_origins(mien, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[detector]\nthreshold = 0.7\n")
    done = mien("config", "show", "--config", file, environment={"MIEN_SMOOTHING_TIME_CONSTANT": "1.5"})
    shown = (line.split("  # ") for line in done.stdout.splitlines() if "  # " in line)
    lines = {value.strip(): origin for value, origin in shown}
    assert lines["threshold = 0.7"] == str(file)
    assert lines["time_constant = 1.5"] == "MIEN_SMOOTHING_TIME_CONSTANT"
    assert lines['source = "demo"'] == "default"


def test_version(mien):
    assert mien("--version").returncode == 0


def with_commands(tmp_path: Path, module: str) -> dict[str, str]:
    """An environment in which a package offers `mien train` from a module of this text."""
    info = tmp_path / "offering-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mien.commands]\nevaluate = offered:command\n")
    (tmp_path / "offered.py").write_text(module)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path}


OFFERED = """
print("imported")

def command(name: str, times: int = 1) -> None:
    "Says a name."
    print(name * times)
"""


def test_a_training_command_is_imported_when_it_is_called_and_not_before(mien, tmp_path):
    environment = with_commands(tmp_path, OFFERED)
    done = mien("--help", environment=environment)
    assert "evaluate" in done.stdout
    assert "imported" not in done.stdout
    assert mien("evaluate", "ab", "--times", 2, environment=environment).stdout == "imported\nabab\n"
    assert "Says a name." in mien("evaluate", "--help", environment=environment).stdout
    assert mien("evaluate", environment=environment).returncode == 2


def test_a_training_command_without_its_packages_tells_what_to_install(mien, tmp_path):
    missing = "def command() -> None:\n    raise ModuleNotFoundError('no keras', name='keras.ops')\n"
    done = mien("evaluate", environment=with_commands(tmp_path, missing))
    assert_refused(done, 50)
    assert "pip install 'mien[train]'" in done.stderr
    assert "make train-env" in done.stderr


def test_a_fault_of_a_command_is_not_hidden(mien, tmp_path):
    faulty = "def command() -> None:\n    import nonesuch_at_all\n"
    done = mien("evaluate", environment=with_commands(tmp_path, faulty))
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_what_the_device_imports(photos, bundle):
    """No training stack after importing all of edge and predicting; the command line alone stays light."""
    code = f"""
import json, pathlib, sys
import edge.cli
light = sorted(sys.modules)
import importlib, pkgutil, edge
for module in pkgutil.walk_packages(edge.__path__, "edge."):
    importlib.import_module(module.name)
sys.argv = ["mien", "predict", {str(photos)!r}, "--jsonl"]
edge.cli.main()
"""
    code = code.replace(
        "edge.cli.main()", "try:\n    edge.cli.main()\nexcept SystemExit as end:\n    assert not end.code"
    )
    code += "\nprint(json.dumps([light, sorted(sys.modules)]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    light, everything = (
        {name.partition(".")[0] for name in names} for names in json.loads(done.stdout.splitlines()[-1])
    )
    assert not everything & {"tensorflow", "keras", "train_keras", "convert", "matplotlib", "sklearn", "jax"}
    assert not light & {"cv2", "ai_edge_litert", "dlib", "starlette", "uvicorn", "numpy"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("command", [("config", "show"), ("doctor",)])
def test_output_onto_a_full_disk(command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edge.cli", *command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 40
    assert done.stderr.splitlines()[-1].startswith("mien: cannot write (")
    assert "Traceback" not in done.stderr
