"""The daemon as the web server shows it: cameras, model, health, counters, as JSON objects."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from edge.bus import Bus
from edge.events import CameraEvent, HealthEvent
from edge.outputs.http.feed import Feed
from edge.outputs.http.ledger import Ledger

OPENING = "opening"


class Counted(Protocol):
    """A camera's name and counters; `edge.capture.Source` is one."""

    @property
    def name(self) -> str: ...

    @property
    def overtaken(self) -> int: ...

    @property
    def skipped(self) -> int: ...


class View:
    """Puts together what is known.

    Args:
        cameras: gives the cameras there are.
        models: gives the names that may be switched to.
        preview: whether pictures may leave the process.
        temperature: tells the processor's in degrees Celsius; without it, the newest health event's is shown.
    """

    def __init__(
        self,
        bus: Bus,
        feed: Feed,
        ledger: Ledger,
        cameras: Callable[[], Sequence[Counted]],
        models: Callable[[], Sequence[str]],
        preview: bool,
        temperature: Callable[[], float | None] | None = None,
    ) -> None:
        self.bus, self.feed, self.ledger = bus, feed, ledger
        self.models, self.preview = models, preview
        self._cameras, self._temperature = cameras, temperature
        self._started = time.monotonic()
        self.version = importlib.metadata.version("mien")

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras' names, in their order."""
        return tuple(camera.name for camera in self._cameras())

    def counted(self) -> Sequence[Counted]:
        """The cameras with their counters."""
        return self._cameras()

    def state(self) -> dict[str, Any]:
        """Everything but the observations."""
        self.ledger.catch_up()
        loaded, refused, health = self.ledger.loaded, self.ledger.refused, self.health()
        model, detector = loaded.get("expression"), loaded.get("detection")
        return {
            "version": self.version,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "preview": self.preview,
            "cameras": self.cameras(),
            "model": model and model.to_dict(),
            "detector": detector and detector.to_dict(),
            "refused": refused and refused.to_dict(),
            "models": list(self.models()),
            "health": health and health.to_dict(),
            "temperature_celsius": self.temperature(),
            "clients": len(self.feed.clients),
            "events_lost": self.losses(),
        }

    def cameras(self, observations: bool = False) -> list[dict[str, Any]]:
        """Every camera, in their order."""
        states = self.camera_states()
        return [self._camera(one, states.get(one.name), observations) for one in self._cameras()]

    def camera(self, name: str) -> dict[str, Any] | None:
        """One camera, with its newest observation; None where there is none of that name."""
        states = self.camera_states()
        found = [one for one in self._cameras() if one.name == name]
        return self._camera(found[0], states.get(name), observation=True) if found else None

    def camera_states(self) -> dict[str, CameraEvent]:
        """The newest event of each camera that has said anything."""
        events = [message.event for message in self.bus.states()]
        return {event.camera: event for event in events if isinstance(event, CameraEvent)}

    def health(self) -> HealthEvent | None:
        """The newest health event."""
        events = [message.event for message in self.bus.states()]
        return next((event for event in events if isinstance(event, HealthEvent)), None)

    def temperature(self) -> float | None:
        """Of the processor, degrees Celsius."""
        if self._temperature is not None:
            return self._temperature()
        health = self.health()
        return health.temperature if health else None

    def losses(self) -> dict[str, int]:
        """Events lost, by output."""
        lost = {"http": self.feed.events_lost}
        for subscription in self.bus.subscriptions:
            if subscription.name != "http":
                lost[subscription.name] = lost.get(subscription.name, 0) + subscription.lost
        return lost

    def _camera(self, camera: Counted, event: CameraEvent | None, observation: bool) -> dict[str, Any]:
        newest, rates = self.bus.newest(camera.name), self.bus.rates(camera.name)
        told = event.to_dict() if event else {}
        found = {
            "name": camera.name,
            "state": told.get("state", OPENING),
            "since": told.get("time"),
            "reason": told.get("reason"),
            "attempt": told.get("attempt", 0),
            "retry_seconds": told.get("retry_seconds"),
            "frame_size": newest and [newest[1].image.shape[1], newest[1].image.shape[0]],
            "frames": rates.count,
            "overtaken": camera.overtaken,
            "unreadable": camera.skipped,
            "fps": round(rates.fps, 2),
            "latency_seconds": {"p50": rates.p50, "p90": rates.p90},
        }
        if observation:
            found["observation"] = newest and newest[0].to_dict()
        return found
