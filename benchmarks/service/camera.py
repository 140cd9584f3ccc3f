"""A network camera that can be told to fail."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import threading
import time
from collections.abc import Sequence
from typing import Literal, Self

import cv2
import numpy as np

from edge.cameras.demo import CLIP
from edge.cameras.file import FileCamera

FPS = 24.0
Mode = Literal["stream", "freeze", "garbage"]


class FailingCamera:
    """Serves pictures as MJPEG at `url`, over and over; a context manager.

    Args:
        pictures: JPEG files.
        fps: pictures a second.
    Attributes:
        mode: "stream"; "freeze", in the middle of a picture, with the connection open; "garbage".
    """

    def __init__(self, pictures: Sequence[bytes], fps: float = FPS) -> None:
        self.mode: Mode = "stream"
        self.period = 1 / fps
        self.pictures = pictures
        self._server: _Server | None = None
        self._port = 0
        self.come()
        self.url = f"http://127.0.0.1:{self._port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.go()

    def come(self) -> None:
        """Be there, at the same port as before."""
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.camera = self
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def go(self) -> None:
        """Be gone, in the middle of what is said."""
        server, self._server = self._server, None
        if server is not None:
            server.gone = True
            server.shutdown()
            server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    camera: FailingCamera
    gone = False
    daemon_threads = True
    block_on_close = False


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        camera = self.server.camera
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        noise = np.random.default_rng(0).bytes(20_000)
        frozen = False
        with contextlib.suppress(OSError):  # nobody listens any more
            for picture in itertools.cycle(camera.pictures):
                if self.server.gone:
                    return
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                part = head.encode() + picture + b"\r\n"
                if camera.mode != "freeze":
                    self.wfile.write(noise if camera.mode == "garbage" else part)
                elif not frozen:
                    self.wfile.write(part[: len(part) // 2])
                frozen = camera.mode == "freeze"
                time.sleep(camera.period)

    def log_message(self, format: str, *args: object) -> None:
        pass


def clip_pictures() -> list[bytes]:
    """The demo clip as JPEG files."""
    clip, pictures = FileCamera(CLIP), []
    while (frame := clip.read()) is not None:
        pictures.append(cv2.imencode(".jpg", frame.image, (cv2.IMWRITE_JPEG_QUALITY, 80))[1].tobytes())
    return pictures
