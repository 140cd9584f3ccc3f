"""What waits for the broker. Bounded, so that a dead broker costs memory once, and its own events."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

SIZE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """One message for the broker."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Outbox:
    """States, of which the newest counts; events, of which each counts; observations, of which either.

    For one thread. A letter leaves by `done` only, so what was under way when the connection broke is sent
    again: at least once.

    Attributes:
        lost: events and observations that were pushed out.
        filled: set when there may be a letter.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.lost = 0
        self.filled = asyncio.Event()
        self._size = size
        self._states: dict[str, bytes] = {}
        self._changed: dict[str, None] = {}
        self._told: set[str] = set()
        self._events: deque[Letter] = deque()
        self._every: deque[Letter] = deque()  # observation; apart, since they are many and events few
        self._observations: dict[str, Letter] = {}

    def keep(self, topic: str, payload: bytes) -> None:
        """A state that the broker keeps for whoever comes later; an empty one clears the topic."""
        if self._states.get(topic, b"") == payload:
            return
        if payload or topic in self._told:
            self._states[topic] = payload
            self._changed[topic] = None
        else:  # the broker never heard of it
            del self._states[topic]
            self._changed.pop(topic, None)
        self.filled.set()

    def forget(self, topic: str) -> None:
        """Clear a topic that the broker keeps and nobody here knows; those that are known stay."""
        if topic not in self._states:
            self._told.add(topic)
            self._states[topic] = b""
            self._changed[topic] = None
            self.filled.set()

    def tell(self, topic: str, payload: bytes) -> None:
        """An event."""
        self._queue(self._events, Letter(topic, payload))

    def record(self, topic: str, payload: bytes) -> None:
        """An observation of which each counts."""
        self._queue(self._every, Letter(topic, payload))

    def show(self, topic: str, payload: bytes) -> None:
        """An observation of which the newest counts; one that still waits is overtaken."""
        if topic in self._observations:
            self.lost += 1
        self._observations[topic] = Letter(topic, payload, qos=0)
        self.filled.set()

    def again(self, topic: str | None = None) -> None:
        """Send one state, or all of them, once more."""
        self._changed.update(dict.fromkeys(one for one in self._states if topic in (None, one)))
        self.filled.set()

    def first(self, topic: str) -> None:
        """Send this state before everything else."""
        self._changed = {topic: None, **self._changed}

    def next(self) -> Letter | None:
        """The letter to send now; it stays until it is `done`."""
        for topic in self._changed:
            self._told.add(topic)  # from here on the broker may know it, whatever becomes of the letter
            return Letter(topic, self._states[topic], retain=True)
        for queue in (self._events, self._every):
            if queue:
                return queue[0]
        return next(iter(self._observations.values()), None)

    def done(self, letter: Letter) -> None:
        """The broker has it. What has been replaced meanwhile stays."""
        topic = letter.topic
        if letter.retain:
            if self._states.get(topic) == letter.payload:
                self._changed.pop(topic, None)
                if not letter.payload:
                    del self._states[topic]
                    self._told.discard(topic)
            return
        for queue in (self._events, self._every):
            if queue and queue[0] is letter:
                queue.popleft()
        if self._observations.get(topic) is letter:
            del self._observations[topic]

    def __len__(self) -> int:
        return len(self._changed) + len(self._events) + len(self._every) + len(self._observations)

    def _queue(self, queue: deque[Letter], letter: Letter) -> None:
        if len(queue) >= self._size:
            queue.popleft()
            self.lost += 1
        queue.append(letter)
        self.filled.set()
