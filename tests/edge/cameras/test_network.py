import socket

import pytest
from watching import Watched, until

from edge.cameras import open_camera
from edge.errors import CameraMissingError


def test_mjpeg_over_http_is_read_in_its_colours(server):
    camera = open_camera(server.url)
    frame = camera.read()
    camera.close()
    assert (camera.name, camera.fps) == ("127.0.0.1", None)
    assert frame.image.shape == (120, 160, 3)
    assert frame.image.mean(axis=(0, 1)) == pytest.approx((0, 0, 255), abs=8)


def test_a_camera_that_freezes_sends_garbage_and_goes_away_is_read_again_each_time(server):
    with Watched(server.url, stall_seconds=0.5, retry_seconds=0.5) as watched:
        last = watched.frame().sequence

        def fails(state):
            event = watched.said(state, after=told)
            assert event.reason.startswith("camera ")
            assert 0 < event.retry_seconds <= 0.5

        def comes_back():
            nonlocal last
            watched.said("streaming", after=told)
            sequence = watched.frame().sequence
            assert sequence > last
            last = sequence
            return len(watched.events)

        told = len(watched.events)
        server.mode = "freeze"
        fails("stalled")
        server.mode = "stream"
        told = comes_back()
        server.mode = "garbage"
        fails("lost")
        until(lambda: watched.events[-1].attempt == 1)
        server.mode = "stream"
        told = comes_back()
        server.go()
        fails("lost")
        until(lambda: watched.events[-1].attempt == 1)
        assert "nothing answers at port" in watched.events[-1].reason
        server.come()
        comes_back()
        assert watched.camera.reopened == 3


def test_what_is_wrong_with_an_address_is_told(server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        for url, reason in (
            (f"rtsp://me:secret@127.0.0.1:{port}/1", f"camera 127.0.0.1 .* nothing answers at port {port}"),
            ("http://nowhere.invalid/", "camera nowhere.invalid cannot be found"),
            ("rtsp:///1", "no usable address"),
            ("http://host:port/", "no usable address"),
        ):
            with pytest.raises(CameraMissingError, match=reason) as caught:
                open_camera(url)
            assert "secret" not in str(caught.value)
    server.mode = "garbage"
    with pytest.raises(CameraMissingError, match="answers but gives no video"):
        open_camera(server.url)
