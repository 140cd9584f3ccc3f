"""Connections with limits: how many, how long a request may take to arrive, how long nothing may be read.

uvicorn parses and writes; it would wait for ever for the rest of a request, and for a client to read.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState

logger = logging.getLogger(__name__)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 42\r\n"
    b'Retry-After: 5\r\nConnection: close\r\n\r\n{"error":"too many connections are open"}\n'
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may cost.

    Attributes:
        clients: connections at once.
        header_bytes: of a request.
        request_seconds: for a whole request to arrive, counted from the connection or the answer before.
        stalled_seconds: for a client that does not read.
    """

    clients: int = 64
    header_bytes: int = 16_384
    request_seconds: float = 15.0
    stalled_seconds: float = 30.0


class Patience:
    """One timer of a connection: what it runs for ends with the connection being cut off."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """Count, unless it counts already."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)

    def end(self) -> None:
        """What was waited for came."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Unread:
    """Part of a connection: one whose other end reads nothing for too long is ended."""

    transport: asyncio.Transport
    _stalled: Patience

    def pause_writing(self) -> None:
        self._stalled.begin(self.transport)
        super().pause_writing()  # type: ignore[misc]

    def resume_writing(self) -> None:
        self._stalled.end()
        super().resume_writing()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stalled.end()
        super().connection_lost(exc)  # type: ignore[misc]


class HttpConnection(_Unread, H11Protocol):
    """One client."""

    def __init__(self, config: Config, state: ServerState, limits: Limits) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._arriving, self._stalled = Patience(limits.request_seconds), Patience(limits.stalled_seconds)
        self.ws_protocol_class = functools.partial(WebSocketConnection, limits=limits)  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        full = len(self.connections) >= self._limits.clients
        super().connection_made(transport)
        _give_up_on_the_gone(transport, self._limits.stalled_seconds)
        self._arriving.begin(transport)
        if full:
            transport.write(FULL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arriving.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._arriving.end()
        super().handle_websocket_upgrade(event)

    def _look(self) -> None:
        """Count while, and only while, a request is still to come."""
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._arriving.begin(self.transport)
        else:
            self._arriving.end()


class WebSocketConnection(_Unread, WSProtocol):
    """One client, after it asked for a WebSocket."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], limits: Limits
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._stalled = Patience(limits.stalled_seconds)


def _give_up_on_the_gone(transport: asyncio.Transport, seconds: float) -> None:
    """Have the kernel end a connection whose other end is gone without a word, such as out of the network."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
