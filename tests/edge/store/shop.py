"""A web server with models, that can misbehave."""

from __future__ import annotations

import http.server
import threading
from typing import Self


class Shop:
    """Serves `files` by their path at `url`; a context manager.

    Attributes:
        asked: path and Range header of every request.
        cut: bytes after which the next answer breaks off.
        lies: answers are chunked, without a length, and go on after the file's end.
        tag: ETag of every file.
        moved: a path's new address.
        then: what a path holds once it was asked for.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.headers: list[dict[str, str]] = []
        self.cut: int | None = None
        self.lies = False
        self.tag: str | None = '"one"'
        self.moved: dict[str, str] = {}
        self.then: dict[str, bytes] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.shop = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    shop: Shop
    daemon_threads = True


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shop, path = self.server.shop, self.path.partition("?")[0]
        wanted = self.headers.get("Range")
        shop.asked.append((path, wanted))
        shop.headers.append(dict(self.headers))
        self.close_connection = True
        if path in shop.moved:
            self.send_response(302)
            self.send_header("Location", shop.moved[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path not in shop.files:
            self.send_error(404)
            return
        content, first = shop.files[path], 0
        if path in shop.then:
            shop.files[path] = shop.then.pop(path)
        if wanted and shop.tag and self.headers.get("If-Range") == shop.tag:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if shop.tag:
            self.send_header("ETag", shop.tag)
        if shop.lies:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (content, content):
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        rest = content[first:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        cut, shop.cut = shop.cut, None
        self.wfile.write(rest[:cut])

    def log_message(self, format: str, *args: object) -> None:
        pass
