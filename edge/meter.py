"""Frames a second and latency over the last moments."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_SECONDS = 2.0
LATENCIES = 120


@dataclass(frozen=True, slots=True)
class Rates:
    """Observations so far, observations a second, latency in seconds by quantile; None before the first."""

    count: int = 0
    fps: float = 0.0
    p50: float | None = None
    p90: float | None = None


class Meter:
    """Counts observations and remembers recent arrivals and latencies. Not thread-safe."""

    def __init__(self) -> None:
        self.count = 0
        self._arrivals: deque[float] = deque(maxlen=1000)
        self._latencies: deque[float] = deque(maxlen=LATENCIES)

    def add(self, latency: float, now: float | None = None) -> None:
        """Note one observation: its capture-to-event latency in seconds, `now` monotonic seconds."""
        self.count += 1
        self._arrivals.append(time.monotonic() if now is None else now)
        self._latencies.append(latency)

    def fps(self, now: float | None = None) -> float:
        """Observations a second over the window; 0.0 when the newest is older than the window.

        Counts the intervals between arrivals, so it is right from the second frame on.

        >>> meter = Meter()
        >>> for n in range(11):
        ...     meter.add(0.02, now=n / 10)
        >>> round(meter.fps(now=1.0), 3)
        10.0
        >>> meter.fps(now=9.0)
        0.0
        """
        now = time.monotonic() if now is None else now
        recent = [arrival for arrival in self._arrivals if now - arrival <= WINDOW_SECONDS]
        if len(recent) < 2:
            return 0.0
        # A source that has just stopped must be seen to slow down: up to `now` where that is long ago.
        span = max(recent[-1] - recent[0], (now - recent[0]) * (len(recent) - 1) / len(recent))
        return (len(recent) - 1) / span if span > 0 else 0.0

    def rates(self) -> Rates:
        """Everything at once."""
        return Rates(self.count, self.fps(), self.latency(0.5), self.latency(0.9))

    def latency(self, quantile: float) -> float | None:
        """Quantile of the recent capture-to-event latencies in seconds; None before the first."""
        return quantile_of(list(self._latencies), quantile)


def quantile_of(values: Sequence[float], quantile: float) -> float | None:
    """The nearest-rank quantile; None of nothing.

    >>> quantile_of([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]
