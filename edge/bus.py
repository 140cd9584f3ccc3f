"""From the frame path to the outputs: every subscriber has a bounded queue, and losses are its own.

`publish` costs the frame path an append for each subscriber and never waits, but for a recording whose every
observation is wanted (`wait_while`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from edge.events import CameraEvent, Event, HealthEvent, Message, ModelEvent
from edge.meter import Meter, Rates
from edge.types import Frame, Observation

SIZE = 256
LONGEST_WAIT = 0.2  # seconds between looks at `wait_while`


class Subscription:
    """One output's queue. `Bus.subscribe` makes it.

    Attributes:
        name: of the output, as counters and logs call it.
        lost: events pushed out because nobody took them in time, or that the output lost after it took them.
    """

    def __init__(
        self,
        name: str,
        size: int = SIZE,
        interval: float = 0.0,
        wake: Callable[[], None] | None = None,
        wait_while: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self.lost = 0
        self.closed = False
        self._size, self._interval, self._wake, self._wait_while = size, interval, wake, wait_while
        self._due: dict[str, float] = {}
        self._waiting: deque[Message] = deque()
        self._changed = threading.Condition()

    def offer(self, message: Message, now: float) -> None:
        """Queue a message; for the bus. `now` in monotonic seconds."""
        observation = message.observation
        with self._changed:
            if self.closed or (observation is not None and not self._is_due(observation.camera, now)):
                return
            while len(self._waiting) >= self._size and self._wait_while is not None and self._wait_while():
                self._changed.wait(LONGEST_WAIT)
            if len(self._waiting) >= self._size:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(message)
            first = len(self._waiting) == 1
            self._changed.notify_all()
        if first and self._wake is not None:
            self._wake()

    def take(self, timeout: float | None = 0.0) -> list[Message]:
        """Everything that waits, oldest first, after at most `timeout` seconds; None waits for as long as the
        bus is open. Empty when nothing came."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.closed, timeout)
            messages = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        return messages

    def lose(self, count: int = 1) -> None:
        """The output lost so many that it had taken."""
        with self._changed:
            self.lost += count

    def close(self) -> None:
        """No event comes any more; what waits can still be taken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        if self._wake is not None:
            self._wake()

    @property
    def waiting(self) -> int:
        """Messages that wait to be taken."""
        return len(self._waiting)

    def _is_due(self, camera: str, now: float) -> bool:
        if not self._interval:
            return True
        due = self._due.get(camera, now)
        if now < due:
            return False
        # On the beat where frames keep up, so that 30 frames a second at a tenth make 10 events, not 7.5.
        self._due[camera] = max(due + self._interval, now)
        return True


class Bus:
    """Hands events from any thread to every subscriber, and knows the newest state of everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._newest: dict[str, tuple[Observation, Frame]] = {}
        self._meters: dict[str, Meter] = {}
        self._states: dict[tuple[type, str | None], Message] = {}  # by kind, and camera or task

    def subscribe(
        self,
        name: str,
        *,
        size: int = SIZE,
        interval: float = 0.0,
        wake: Callable[[], None] | None = None,
        wait_while: Callable[[], bool] | None = None,
    ) -> Subscription:
        """A new queue that hears everything from now on.

        Args:
            name: of the output.
            size: messages that may wait; the oldest is lost then.
            interval: least seconds between two observations of one camera; other events always come.
            wake: called by the publishing thread when the empty queue got a message, and on close; it must
                not block (`loop.call_soon_threadsafe`).
            wait_while: while this says True, a full queue makes the publisher wait instead of losing: for
                recordings, where no frame is lost meanwhile.
        """
        subscription = Subscription(name, size, interval, wake, wait_while)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a queue."""
        with self._lock:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)
        subscription.close()

    def publish(self, event: Event, frame: Frame | None = None) -> None:
        """Hand out an event.

        Args:
            frame: what an observation is about; outputs that may show pictures find it in `newest`.
        """
        now = time.monotonic()
        message = Message(event)
        with self._lock:
            if isinstance(event, Observation):
                self._meters.setdefault(event.camera, Meter()).add(event.capture_to_event, now)
                if frame is not None:
                    self._newest[event.camera] = (event, frame)
            elif isinstance(event, CameraEvent | ModelEvent | HealthEvent) and not _unused(event):
                about = event.task if isinstance(event, ModelEvent) else event.camera
                self._states[type(event), about] = message
        for subscription in self._subscriptions:
            subscription.offer(message, now)

    def newest(self, camera: str) -> tuple[Observation, Frame] | None:
        """The newest observation of a camera and its frame."""
        return self._newest.get(camera)

    def rates(self, camera: str) -> Rates:
        """How fast a camera's observations come."""
        with self._lock:
            meter = self._meters.get(camera)
            return meter.rates() if meter else Rates()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras that have said anything, in the order of their first word."""
        with self._lock:
            said = [camera for kind, camera in self._states if kind is CameraEvent]
        return tuple(dict.fromkeys([*said, *self._newest]))  # type: ignore[list-item]

    def states(self) -> list[Message]:
        """The newest event of each camera, of each task's model and of health: what somebody who joins late
        must know."""
        with self._lock:
            return list(self._states.values())

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return self._subscriptions

    def close(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            subscription.close()


def _unused(event: Event) -> bool:
    """Whether it tells of a model that is not in use, so that it is the state of nothing."""
    return isinstance(event, ModelEvent) and event.state != "loaded"
