"""A web server to ask, and what it is asked with."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from edge.bus import Bus
from edge.control import Control
from edge.events import CameraEvent
from edge.outputs.http import HttpServer
from edge.outputs.http.connection import Limits
from edge.settings import HttpConfig

PATIENCE = 30.0


@dataclass
class Counters:
    """A camera's name and what it counted."""

    name: str
    overtaken: int = 0
    skipped: int = 0


class Served:
    """A web server over a bus of its own, with streaming cameras. A context manager.

    Attributes:
        bus, control, models: what it was made with.
        server: the server.
    """

    def __init__(
        self,
        cameras: Sequence[str] = ("test",),
        preview: bool = True,
        models: Sequence[str] = ("slim", "slim_fine"),
        address: str = "127.0.0.1:0",
        limits: Limits | None = None,
        bus: Bus | None = None,
        temperature: float | None = 47.5,
        **settings: Any,
    ) -> None:
        self.bus, self.control = bus or Bus(), Control()
        self.counters = [Counters(name) for name in cameras]
        self.models = list(models)
        self.server = HttpServer(
            HttpConfig(**{"interval": 0, **settings}),
            address,
            self.bus,
            self.control,
            lambda: self.counters,
            preview,
            lambda: self.models,
            (lambda: temperature) if temperature is not None else None,
            limits,
        )

    def __enter__(self) -> Self:
        for counters in self.counters:
            self.bus.publish(CameraEvent(camera=counters.name, state="streaming"))
        self.server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.close()

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return self.server.url

    def ask(
        self, path: str, method: str = "GET", body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The answer; a stream's body can be read as it comes. A `body` that is no text is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, str | bytes):
            headers = {"Content-Type": "application/json", **headers}
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def json(self, path: str, **headers: str) -> Any:
        """What a GET answers."""
        answer = self.ask(path, **headers)
        assert answer.status == 200, answer.read()
        return json.load(answer)


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and payload of each server-sent event."""
    name = "message"
    for line in answer:
        key, _, value = line.decode().strip().partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)
            name = "message"


def until(holds: Callable[[], Any]) -> Any:
    """The first truthy value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value
