"""What the web server answers.

/                the page                        /events         server-sent events
/api/v1/state    newest observation, counters    /preview.jpg    newest picture, when switched on
/healthz         the server answers              /preview.mjpeg  the same as a stream
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge.bus import Bus
from edge.outputs.feed import Feed, sse
from edge.outputs.guard import Guard
from edge.outputs.preview import BOUNDARY, Preview

WEB = Path(__file__).parent / "web"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MAX_STREAMS = 32
HEARTBEAT_SECONDS = 1.0
RECONNECT_MILLISECONDS = 1000
PREVIEW_OFF = "preview is off: no picture leaves mien unless it runs with --preview\n"


class Site:
    """The routes over one camera's events; `preview` says whether pictures may leave the process."""

    def __init__(self, bus: Bus, feed: Feed, preview: bool, camera: str) -> None:
        self._bus, self._feed, self._camera = bus, feed, camera
        self._preview = Preview(feed, camera) if preview else None
        self._streams: set[Stream] = set()
        self._started = time.monotonic()

    def application(self) -> Starlette:
        """The ASGI application, behind the guard. Reads the page's files once."""
        routes = [
            Route("/events", self._events),
            Route("/api/v1/state", self._state),
            Route("/preview.jpg", self._picture),
            Route("/preview.mjpeg", self._pictures),
            Route("/healthz", self._healthz),
        ]
        routes += [static(file) for file in sorted(WEB.iterdir()) if file.suffix in MEDIA_TYPES]
        return Starlette(routes=routes, middleware=[Middleware(Guard)])

    def status(self) -> dict[str, object]:
        """Counters and rates; the `state` event and, with the newest observation, `/api/v1/state`."""
        newest, rates = self._bus.newest(self._camera), self._bus.rates(self._camera)
        return {
            "camera": self._camera,
            "preview": self._preview is not None,
            "frame_size": newest and [newest[1].image.shape[1], newest[1].image.shape[0]],
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "frames": rates.count,
            "fps": round(rates.fps, 2),
            "latency_seconds": {"p50": rates.p50, "p90": rates.p90},
            "clients": len(self._feed.clients),
            "events_lost": self._feed.events_lost,
        }

    async def _events(self, request: Request) -> Response:
        return self._stream(self._event_chunks(), "text/event-stream")

    async def _event_chunks(self) -> AsyncGenerator[bytes, None]:
        """Observations as they come and, every second and first of all, a `state` event."""
        clock = asyncio.get_running_loop().time
        client = self._feed.join()
        try:
            yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
            beat = clock()
            while not self._feed.closed:
                if clock() >= beat:
                    beat = clock() + HEARTBEAT_SECONDS
                    yield sse({**self.status(), "lost_here": client.lost}, "state")
                if chunk := await client.take(beat - clock()):
                    yield chunk
        finally:
            self._feed.leave(client)

    async def _state(self, request: Request) -> Response:
        newest = self._bus.newest(self._camera)
        return JSONResponse({**self.status(), "observation": newest and newest[0].to_dict()})

    async def _picture(self, request: Request) -> Response:
        if self._preview is None:
            return PlainTextResponse(PREVIEW_OFF, status_code=404)
        after = request.query_params.get("after", "")
        picture = await self._preview.next(int(after) if after.isdecimal() and len(after) < 19 else None)
        if picture is None:
            return Response(status_code=204)
        return Response(picture.jpeg, media_type="image/jpeg", headers={"Mien-Frame": str(picture.frame)})

    async def _pictures(self, request: Request) -> Response:
        if self._preview is None:
            return PlainTextResponse(PREVIEW_OFF, status_code=404)
        return self._stream(self._preview.multipart(), f"multipart/x-mixed-replace; boundary={BOUNDARY}")

    def _stream(self, chunks: AsyncGenerator[bytes, None], media_type: str) -> Response:
        if len(self._streams) >= MAX_STREAMS:
            return PlainTextResponse(f"{MAX_STREAMS} streams are open already\n", status_code=503)
        return Stream(chunks, media_type, self._streams)

    async def _healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})


class Stream(StreamingResponse):
    """A response without an end. It is listed in `streams` while it runs, its source is closed with the
    connection, and HEAD gets the headers alone."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], media_type: str, streams: set[Stream]) -> None:
        super().__init__(chunks, media_type=media_type)
        self._chunks, self._streams = chunks, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.add(self)
        try:
            if scope["method"] == "HEAD":
                await Response(headers=dict(self.headers))(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
        finally:
            self._streams.discard(self)
            await self._chunks.aclose()


def static(file: Path) -> Route:
    """A route that answers with a file of the page, read once; `index.html` is the root."""
    content = file.read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, media_type=MEDIA_TYPES[file.suffix])

    return Route("/" if file.name == "index.html" else f"/{file.name}", answer)
