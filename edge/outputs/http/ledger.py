"""What the metrics need and the bus forgets: how long frames took, who came, which expressions were told."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from edge.bundles import Task
from edge.bus import Bus, Subscription
from edge.events import ExpressionEvent, Message, ModelEvent, PersonEvent
from edge.types import Observation

PERIOD_SECONDS = 1.0  # between two looks at the queue
SIZE = 4096  # events that may wait: a second of the fastest recording
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
STAGES = ("capture_to_event", "detect", "classify")


class Histogram:
    """Counts durations in seconds by `BOUNDS`; a value on a bound belongs below it."""

    def __init__(self) -> None:
        self.total = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> list[tuple[str, int]]:
        """How many were at most so long, for each bound and at last for all.

        >>> histogram = Histogram()
        >>> for seconds in (0.0005, 0.3, 7.0):
        ...     histogram.add(seconds)
        >>> histogram.cumulative()[0], histogram.cumulative()[-3], histogram.cumulative()[-1]
        (('0.0005', 1), ('1.0', 2), ('+Inf', 3))
        """
        counted, found = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            counted += count
            found.append((bound, counted))
        return found


class Ledger:
    """Adds up what went over the bus. It has a queue of its own, and takes from it once a second or when it
    is asked, so that the frame path pays for one append a frame.

    Attributes:
        latencies: by camera and stage.
        expressions: told changes by camera and label; "unsure" where the model abstained.
        appeared: people by camera.
        loaded: the newest model that was loaded, by its task.
        refused: the newest one that was refused or rolled back, until another of its task is loaded.
    """

    def __init__(self, bus: Bus) -> None:
        self.latencies: dict[tuple[str, str], Histogram] = {}
        self.expressions: Counter[tuple[str, str]] = Counter()
        self.appeared: Counter[str] = Counter()
        self.loaded: dict[Task, ModelEvent] = {}
        self.refused: ModelEvent | None = None
        self._bus = bus
        self._subscription: Subscription | None = None

    def open(self) -> None:
        """Begin."""
        self._subscription = self._bus.subscribe("metrics", size=SIZE)
        for message in self._bus.states():
            self._add(message)

    def close(self) -> None:
        """End."""
        if self._subscription is not None:
            self._bus.unsubscribe(self._subscription)

    def catch_up(self) -> None:
        """Add up what waits."""
        for message in self._subscription.take() if self._subscription is not None else ():
            self._add(message)

    def _add(self, message: Message) -> None:
        match message.event:
            case Observation() as seen:
                seconds = (seen.capture_to_event, seen.detect, seen.classify)
                for stage, duration in zip(STAGES, seconds, strict=True):
                    self.latencies.setdefault((seen.camera, stage), Histogram()).add(duration)
            case ExpressionEvent(camera=str(camera), label=label):
                self.expressions[camera, label or "unsure"] += 1
            case PersonEvent(camera=str(camera), event="appeared"):
                self.appeared[camera] += 1
            case ModelEvent(state="loaded", task=task) as model:
                self.loaded[task] = model
                if self.refused is not None and self.refused.task == task:
                    self.refused = None
            case ModelEvent() as refused:
                self.refused = refused
