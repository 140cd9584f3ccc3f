"""From the bus to the web server's event loop: a bounded queue for each client, counted losses."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from edge.bus import Bus, Subscription
from edge.events import Message
from edge.types import Frame, Observation

BACKLOG = 64  # events; two seconds at 30 frames a second, about 100 kB a client with two faces


class Client:
    """One listener: a bounded queue that drops its oldest event, and how many it dropped.

    Args:
        camera: the one it wants to hear of; None for all.
    """

    def __init__(self, camera: str | None = None) -> None:
        self.lost = 0
        self._camera = camera
        self._events: deque[Message] = deque(maxlen=BACKLOG)
        self._ready = asyncio.Event()

    def offer(self, message: Message) -> bool:
        """Queue an event, if it is wanted; False when that pushed an older one out."""
        if self._camera is not None and message.event.camera not in (self._camera, None):
            return True
        full = len(self._events) == BACKLOG
        self.lost += full
        self._events.append(message)
        self._ready.set()
        return not full

    async def take(self, timeout: float) -> list[Message]:
        """Everything queued, oldest first; empty when nothing came within `timeout` seconds."""
        try:
            await asyncio.wait_for(self._ready.wait(), max(timeout, 0.001))
        except TimeoutError:
            return []
        self._ready.clear()
        messages = list(self._events)
        self._events.clear()
        return messages

    def wake(self) -> None:
        self._ready.set()


class Feed:
    """Hands the bus's events to the clients of one event loop, and listens only while there are any.

    Args:
        bus: where events come from.
        interval: least seconds between two observations of a camera.
    """

    def __init__(self, bus: Bus, interval: float = 0.0) -> None:
        self.clients: set[Client] = set()
        self.closed = False
        self._bus, self._interval = bus, interval
        self._lost = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscription: Subscription | None = None
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def events_lost(self) -> int:
        """Events that slow clients missed."""
        return self._lost + (0 if self._subscription is None else self._subscription.lost)

    def newest(self, camera: str) -> tuple[Observation, Frame] | None:
        """Any thread: the newest observation of a camera and its frame."""
        return self._bus.newest(camera)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Loop: this loop is the one."""
        self._loop = loop

    def close(self) -> None:
        """Loop: end every stream and every wait."""
        self.closed = True
        self._loop = None
        self._listen()
        for client in self.clients:
            client.wake()
        self._release()

    def join(self, camera: str | None = None) -> Client:
        """Loop: a new client, which hears the state of everything first and then what happens."""
        client = Client(camera)
        self._drain()  # what was before belongs to the others
        self.clients.add(client)
        self._listen()
        for message in self._bus.states():
            client.offer(message)
        return client

    def leave(self, client: Client) -> None:
        """Loop: forget a client."""
        self.clients.discard(client)
        self._listen()

    async def changed(self, timeout: float, seen: Callable[[], bool]) -> bool:
        """Loop: wait for the next event; False after `timeout` seconds or when closed.

        Args:
            seen: asked once the bus is listened to, so that nothing falls between a look and the wait; does
                not wait where this says False.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._listen()
        try:
            if not seen():
                return not self.closed
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            self._listen()
        return not self.closed

    def _listen(self) -> None:
        """Have a subscription while, and only while, somebody wants events."""
        wanted = not self.closed and bool(self.clients or self._waiters)
        if wanted and self._subscription is None:
            self._subscription = self._bus.subscribe(
                "http", size=BACKLOG, interval=self._interval, wake=self._wake
            )
        elif not wanted and self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            self._bus.unsubscribe(subscription)
            self._lost += subscription.lost

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        messages = [] if self._subscription is None else self._subscription.take()
        for message in messages:
            self._lost += sum(not client.offer(message) for client in self.clients)
        if messages:
            self._release()

    def _release(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
