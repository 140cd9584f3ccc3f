"""An MJPEG camera that can be told to misbehave."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import Self

import cv2
import numpy as np

BOUNDARY = "frame"
PERIOD = 0.04  # seconds from one picture to the next
RED = (0, 0, 255)


class MjpegServer:
    """Serves red pictures of 160x120 at `url`; a context manager.

    Attributes:
        mode: "stream"; "freeze", which stops in the middle of a picture; "garbage".
    """

    def __init__(self) -> None:
        self.mode = "stream"
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
        self._server.owner = self
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
    owner: MjpegServer
    gone = False
    daemon_threads = True
    block_on_close = False


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.end_headers()
        picture = cv2.imencode(".jpg", np.full((120, 160, 3), RED, np.uint8))[1].tobytes()
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
        part = head + picture + b"\r\n"
        noise = np.random.default_rng(0).integers(0, 256, len(part), np.uint8).tobytes()
        frozen = False
        with contextlib.suppress(OSError):  # nobody listens any more
            while not self.server.gone:
                mode = self.server.owner.mode
                if mode != "freeze":
                    self.wfile.write(noise if mode == "garbage" else part)
                elif not frozen:  # the connection stays open, as that of a camera that died
                    self.wfile.write(part[: len(part) // 2])
                frozen = mode == "freeze"
                time.sleep(PERIOD)

    def log_message(self, format: str, *args: object) -> None:
        pass
