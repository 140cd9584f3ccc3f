"""A WebSocket client: the few things the tests say and hear."""

from __future__ import annotations

import json
import socket
from typing import Any, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)


class WebSocketClient:
    """Connects at once. A context manager.

    Attributes:
        status: 101, or the status of a refusal.
    """

    def __init__(self, port: int, path: str, **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._send(Request(host=f"127.0.0.1:{port}", target=path, extra_headers=extra))
        first = self._next()
        assert isinstance(first, AcceptConnection | RejectConnection)
        self.status = 101 if isinstance(first, AcceptConnection) else first.status_code
        if self.status != 101:
            self._socket.close()

    def __enter__(self) -> Self:
        assert self.status == 101
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def say(self, text: str) -> None:
        self._send(TextMessage(data=text))

    def ping(self) -> None:
        """Wait for the answer to a ping; events that come meanwhile are kept for `hear`."""
        self._send(Ping())
        kept = []
        while not isinstance(event := self._next(), Pong):
            kept.append(event)
        self._events[:0] = kept

    def hear(self) -> Any:
        """The next event."""
        text = ""
        while True:
            event = self._next()
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                return json.loads(text)

    def until_closed(self) -> int:
        """The code with which the server ends it."""
        while not isinstance(event := self._next(), CloseConnection):
            pass
        return event.code

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._connection.send(event))

    def _next(self) -> Event:
        while not self._events:
            self._connection.receive_data(self._socket.recv(65536) or None)
            self._events = list(self._connection.events())
        return self._events.pop(0)
