import importlib.util
import subprocess
import sys

import pytest
from watching import FAKES, ROOT, Watched

from edge.cameras import open_camera
from edge.cameras.picamera import list_picameras
from edge.errors import CameraMissingError, DependencyError


@pytest.fixture
def picamera2(monkeypatch):
    """The stand-in, in this process."""
    monkeypatch.syspath_prepend(FAKES)
    sys.modules.pop("picamera2", None)
    module = importlib.import_module("picamera2")
    yield module
    del sys.modules["picamera2"]


@pytest.mark.parametrize(("scene", "colour"), [("red", (0, 0, 255)), ("blue", (255, 0, 0))])
def test_colours_are_in_the_order_of_opencv(monkeypatch, scene, colour):
    monkeypatch.setenv("FAKE_PICAMERA2", scene)
    with Watched("picamera", size="320x240", fps=60.0) as watched:
        frames = watched.frames(3)
    assert frames[0].image.shape == (240, 320, 3)
    assert (frames[0].image == colour).all()


def test_a_camera_that_hangs_is_opened_again(monkeypatch):
    monkeypatch.setenv("FAKE_PICAMERA2", "hang")
    with Watched("picamera", stall_seconds=0.5) as watched:
        watched.said("stalled")
        watched.said("streaming", after=watched.states.index("stalled"))


@pytest.mark.parametrize(
    ("behaviour", "number", "reason"),
    [
        ("none", "", "no Raspberry Pi camera 0 .present: 0."),
        ("", ":1", "no Raspberry Pi camera 1 .present: 1."),
        ("busy", ":0", "picamera0 cannot be opened"),
    ],
)
def test_what_is_wrong_is_told(picamera2, behaviour, number, reason):
    picamera2.BEHAVIOUR = behaviour.split()
    with pytest.raises(CameraMissingError, match=reason):
        open_camera(f"picamera{number}")


def test_cameras_are_listed(picamera2):
    assert list_picameras() == ["picamera:0 (imx708)"]


def test_without_picamera2_it_is_told_where_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert list_picameras() == []
    with pytest.raises(DependencyError, match=r"sudo apt install python3-picamera2.*--system-site-packages"):
        open_camera("picamera")


def test_a_picamera2_that_cannot_be_loaded_is_told(monkeypatch, tmp_path):
    (tmp_path / "picamera2.py").write_text('raise ValueError("numpy.dtype size changed")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(DependencyError, match=r"numpy\.dtype size changed.*simplejpeg"):
        open_camera("picamera")


def test_without_picamera2_mien_ends_with_the_code_of_a_missing_package(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # without the stand-in
    if importlib.util.find_spec("picamera2") is not None:
        pytest.skip("picamera2 is installed here")
    command = [sys.executable, "-m", "edge.cli", "run", "--camera", "picamera", "--no-http", "--no-terminal"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == DependencyError.exit_code
    (line,) = done.stderr.splitlines()
    assert "picamera2 is not installed" in line
