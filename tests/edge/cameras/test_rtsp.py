import contextlib
import functools
import subprocess
from pathlib import Path

import pytest
from watching import Watched, until

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).parent / "rtsp_server.py"
BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0')"


@functools.cache
def can_serve():
    with contextlib.suppress(OSError):
        return subprocess.run([PYTHON, "-c", BINDINGS], stderr=subprocess.DEVNULL).returncode == 0
    return False


@contextlib.contextmanager
def rtsp_server(port=0):
    """An RTSP camera's port; killed at the end."""
    process = subprocess.Popen([PYTHON, SERVER, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_an_rtsp_camera_that_is_killed_and_comes_back_is_read_again():
    if not can_serve():
        pytest.skip("gir1.2-gst-rtsp-server-1.0 is not installed: run `make test-deps`")
    with contextlib.ExitStack() as first:
        port = first.enter_context(rtsp_server())
        with Watched(f"rtsp://127.0.0.1:{port}/camera", retry_seconds=0.5) as watched:
            frame = watched.frame()
            assert frame.image.shape == (240, 320, 3)
            assert frame.image.mean(axis=(0, 1)) == pytest.approx((0, 0, 255), abs=25)
            first.close()
            assert "camera 127.0.0.1" in watched.said("lost").reason
            until(lambda: any(event.attempt for event in watched.events))
            with rtsp_server(port):
                told = len(watched.events)
                watched.said("streaming", after=told)
                assert watched.frame().sequence > frame.sequence
            assert watched.camera.reopened == 1
