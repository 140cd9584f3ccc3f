"""From the frame path to the web server's event loop: newest frame, bounded queues, counted losses."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque

from edge.outputs.meter import Meter
from edge.types import Frame, Observation

BACKLOG = 64  # events; two seconds at 30 frames a second, about 100 kB a client with two faces


class Client:
    """One open event stream: a bounded queue that drops its oldest event, and how many it dropped."""

    def __init__(self) -> None:
        self.lost = 0
        self._events: deque[bytes] = deque(maxlen=BACKLOG)
        self._ready = asyncio.Event()

    def offer(self, event: bytes) -> bool:
        """Queue an event; False when that pushed an older one out."""
        full = len(self._events) == BACKLOG
        self.lost += full
        self._events.append(event)
        self._ready.set()
        return not full

    async def take(self, timeout: float) -> bytes:
        """Everything queued, as one chunk; empty when nothing came within `timeout` seconds."""
        try:
            await asyncio.wait_for(self._ready.wait(), max(timeout, 0.001))
        except TimeoutError:
            return b""
        self._ready.clear()
        chunk = b"".join(self._events)
        self._events.clear()
        return chunk

    def wake(self) -> None:
        self._ready.set()


class Feed:
    """Takes observations from any thread and hands them to the clients of one event loop.

    `publish` costs an append and at most one wake-up of the loop: JSON is encoded on the loop's side,
    once for all clients, and only while there are any.
    """

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self.events_lost = 0
        self.closed = False
        self.newest: tuple[Observation, Frame] | None = None
        self._meter = Meter()
        self._lock = threading.Lock()
        self._inbox: deque[Observation] = deque(maxlen=BACKLOG)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._waiters: list[asyncio.Future[None]] = []

    def publish(self, observation: Observation, frame: Frame) -> None:
        """Any thread: note the newest and, when somebody listens, wake the loop. Never blocks."""
        with self._lock:
            self.newest = (observation, frame)
            self._meter.add(observation.capture_to_event)
            if self._loop is None or not (self.clients or self._waiters):
                return
            if len(self._inbox) == BACKLOG:
                self.events_lost += 1
            self._inbox.append(observation)
            if not self._woken:
                self._woken = True
                self._loop.call_soon_threadsafe(self._drain)

    def rates(self) -> tuple[int, float, float | None, float | None]:
        """Observations so far, observations a second, latency p50 and p90 in seconds."""
        with self._lock:
            return self._meter.count, self._meter.fps(), self._meter.latency(0.5), self._meter.latency(0.9)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Loop: from now on wake this loop."""
        with self._lock:
            self._loop = loop

    def close(self) -> None:
        """Loop: end every stream and every wait; later observations go nowhere."""
        with self._lock:
            self._loop = None
        self.closed = True
        for client in self.clients:
            client.wake()
        self._release()

    def join(self) -> Client:
        """Loop: a new client that hears everything from now on."""
        client = Client()
        self.clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Loop: forget a client."""
        self.clients.discard(client)

    async def changed(self, timeout: float) -> bool:
        """Loop: wait for the next observation; False after `timeout` seconds or when closed."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return not self.closed

    def _drain(self) -> None:
        with self._lock:
            self._woken = False
            observations = list(self._inbox)
            self._inbox.clear()
        for observation in observations if self.clients else ():
            event = sse(observation.to_dict())
            self.events_lost += sum(not client.offer(event) for client in self.clients)
        self._release()

    def _release(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def sse(payload: dict[str, object], name: str | None = None) -> bytes:
    """One server-sent event with a JSON payload.

    >>> sse({"a": 1}, "state")
    b'event: state\\ndata: {"a":1}\\n\\n'
    """
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload, separators=(',', ':'))}\n\n".encode()
