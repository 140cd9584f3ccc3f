"""Answers without an end: server-sent events, a WebSocket, motion JPEG."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from edge.events import Message
from edge.outputs.http.door import Door
from edge.outputs.http.feed import Client, Feed
from edge.outputs.http.preview import BOUNDARY, Preview
from edge.outputs.http.view import View

HEARTBEAT_SECONDS = 1.0
RECONNECT_MILLISECONDS = 1000
GOING_AWAY = 1001  # why a WebSocket ends when the server does


class Streams:
    """Events and pictures for as long as somebody listens.

    Args:
        most: streams at once.
    """

    def __init__(self, view: View, feed: Feed, door: Door, most: int) -> None:
        self._view, self._feed, self._door, self._most = view, feed, door, most
        self._open: set[object] = set()

    async def events(self, request: Request, camera: str | None) -> Response:
        """Server-sent events."""
        rights = await self._door.rights(request)
        return self._stream(self._event_chunks(camera, rights), "text/event-stream")

    async def pictures(self, preview: Preview) -> Response:
        """Motion JPEG."""
        return self._stream(preview.multipart(), f"multipart/x-mixed-replace; boundary={BOUNDARY}")

    async def talk(self, websocket: WebSocket, camera: str | None) -> None:
        """The same events over a WebSocket, one a text frame. What the client says is not listened to."""
        if len(self._open) >= self._most:
            await websocket.send_denial_response(self._full())
            return
        self._open.add(websocket)
        client = self._feed.join(camera)
        try:
            await websocket.accept()
            sending = asyncio.ensure_future(self._send(websocket, client))
            ending = asyncio.ensure_future(_until_gone(websocket))
            done, rest = await asyncio.wait((sending, ending), return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*done, *rest, return_exceptions=True)
            if self._feed.closed:
                with contextlib.suppress(Exception):  # it may have gone at the same moment
                    await websocket.close(GOING_AWAY)
        finally:
            self._feed.leave(client)
            self._open.discard(websocket)

    async def _send(self, websocket: WebSocket, client: Client) -> None:
        while not self._feed.closed:
            for message in await client.take(HEARTBEAT_SECONDS):
                await websocket.send_text(message.json.decode())

    async def _event_chunks(
        self, camera: str | None, rights: dict[str, object]
    ) -> AsyncGenerator[bytes, None]:
        """Events as they come and, every second and first of all, a `state` event."""
        clock = asyncio.get_running_loop().time
        client = self._feed.join(camera)
        try:
            yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
            beat = clock()
            while not self._feed.closed:
                if clock() >= beat:
                    beat = clock() + HEARTBEAT_SECONDS
                    yield sse({**self._view.state(), **rights, "lost_here": client.lost}, "state")
                if messages := await client.take(beat - clock()):
                    yield b"".join(map(named, messages))
        finally:
            self._feed.leave(client)

    def _stream(self, chunks: AsyncGenerator[bytes, None], media_type: str) -> Response:
        if len(self._open) >= self._most:
            return self._full()
        return Stream(chunks, media_type, self._open)

    def _full(self) -> Response:
        return JSONResponse({"error": f"{self._most} streams are open already"}, 503, {"Retry-After": "5"})


class Stream(StreamingResponse):
    """A response without an end. It is listed in `streams` while it runs, its source is closed with the
    connection, and HEAD gets the headers alone."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], media_type: str, streams: set[object]) -> None:
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


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def named(message: Message) -> bytes:
    """An event of the bus as a server-sent one; all but observations carry their kind as its name."""
    if message.observation is not None:
        return b"data: " + message.json + b"\n\n"
    kind = message.event.to_dict()["schema"].removeprefix("mien.").partition("/")[0]
    return f"event: {kind}\ndata: ".encode() + message.json + b"\n\n"


def sse(payload: dict[str, object], name: str | None = None) -> bytes:
    """One server-sent event with a JSON payload.

    >>> sse({"a": 1}, "state")
    b'event: state\\ndata: {"a":1}\\n\\n'
    """
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload, separators=(',', ':'))}\n\n".encode()
