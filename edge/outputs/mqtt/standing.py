"""How the device fares, in one retained message: what somebody with many devices wants to know of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from edge.bus import Bus
from edge.events import CameraEvent, HealthEvent, Message, ModelEvent
from edge.store.verdicts import Verdict
from edge.versions import version_of

SCHEMA = "mien.device/1"
MOST_BAD = 8  # models, the newest ones
LONGEST = 200  # characters of a reason
WRONG = frozenset({"stalled", "lost"})  # states of a camera


class Standing:
    """Puts the message together from what the bus says.

    Args:
        every: seconds from one to the next, so that a reader can tell an old one.
        temperature: of the processor, degrees Celsius; None where it is unknown.
        verdict: what the store knows of its models.
        lost: events that this output lost so far.
    """

    def __init__(
        self,
        bus: Bus,
        every: float,
        temperature: Callable[[], float | None],
        verdict: Callable[[], Verdict],
        lost: Callable[[], int],
    ) -> None:
        self._bus, self._every = bus, every
        self._temperature, self._verdict, self._lost = temperature, verdict, lost
        self._health: HealthEvent | None = None
        self._model: str | None = None
        self._error: dict[str, Any] | None = None

    def hear(self, message: Message) -> bool:
        """Note an event; True where the message should go out at once: another model, or an error."""
        event = message.event
        if isinstance(event, HealthEvent):
            self._health = event
        elif isinstance(event, CameraEvent) and event.state in WRONG:
            return self._note(event.time, f"camera {event.camera}", event.reason or event.state)
        elif isinstance(event, ModelEvent):
            name = f"{event.name}@{event.version}" if event.version else event.name
            if event.state != "loaded":
                return self._note(event.time, f"model {name}", event.reason or event.state)
            if event.task == "expression":
                changed, self._model = self._model != name, name
                return changed
        return False

    def message(self) -> bytes:
        """The message as it is now."""
        verdict, temperature = self._verdict(), self._temperature()
        if temperature is None and self._health is not None:
            temperature = self._health.temperature
        bad = list(verdict.bad.items())[-MOST_BAD:]
        told = {
            "schema": SCHEMA,
            "time": _stamp(datetime.now(UTC)),
            "every": self._every,
            "mien": version_of("mien"),
            "fps": {name: round(self._bus.rates(name).fps, 1) for name in self._bus.cameras},
            "temperature": temperature,
            "conditions": [] if self._health is None else list(self._health.conditions),
            "model": self._model,
            "proved": verdict.proved,
            "bad": {name: reason[:LONGEST] for name, reason in bad},
            "error": self._error,
            "lost": self._lost(),
        }
        return json.dumps(told, separators=(",", ":")).encode()

    def _note(self, time: datetime, about: str, reason: str) -> bool:
        known = self._error
        self._error = {"time": _stamp(time), "about": about, "reason": reason[:LONGEST]}
        # A camera that is tried again and again says the same each time.
        return known is None or (known["about"], known["reason"]) != (about, self._error["reason"])


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
