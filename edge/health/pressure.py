"""Getting along with less where the machine cannot keep up, or gets too hot: which steps, and when.

Decides only; it looks at nothing and changes nothing itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.health.ladder import Ladder

WINDOW = 10.0  # seconds over which frames are counted
FEWEST = 20  # frames in that time; fewer say nothing about keeping up
BEHIND = 0.2  # share of frames lost from which it is too much
EVEN = 0.05  # and up to which it is calm
# A longer interval of the detector first, which nobody notices but a newcomer; then a smaller picture for it,
# which misses distant faces.
PACE = ((1, 1.0), (2, 1.0), (2, 0.75), (2, 0.5))
PACE_SETTLE, PACE_CALM = 5.0, 30.0  # seconds
HEAT_SETTLE, HEAT_CALM = 10.0, 60.0  # a processor cools slowly


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames of all cameras together since the start.

    Attributes:
        offered: given by the cameras while nobody had paused them.
        processed: looked at.
        overtaken: replaced by newer ones before that.
    """

    offered: int
    processed: int
    overtaken: int = 0


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What the frame path is to use.

    Attributes:
        interval_factor: times the frames that may pass between two looks at the whole picture.
        side_factor: of the detector's longest side.
        threads: of OpenCV and the model's runtime, at most.
    """

    interval_factor: int
    side_factor: float
    threads: int


class Flow:
    """Which share of the frames of the last seconds was lost."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Counts]] = deque()

    def note(self, now: float, counts: Counts) -> None:
        """The counts at a time in seconds."""
        if self._samples:
            before, last = self._samples[-1]
            anew = counts.offered < last.offered or counts.processed < last.processed
            if anew or now - before > WINDOW:  # nobody looked for so long: all of mien stood still
                self._samples.clear()
        self._samples.append((now, counts))
        # One older than the window stays, so that the samples span all of it.
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    def forget(self) -> None:
        """Count from the newest sample on."""
        while len(self._samples) > 1:
            self._samples.popleft()

    def lost(self) -> float | None:
        """The share, 0 to 1; None where too few frames came to tell."""
        if len(self._samples) < 2:
            return None
        first, last = self._samples[0][1], self._samples[-1][1]
        offered = last.offered - first.offered
        if offered < FEWEST:
            return None
        missing = max(offered - (last.processed - first.processed), last.overtaken - first.overtaken)
        return min(1.0, max(0.0, missing / offered))


class Pressure:
    """Follows frames and heat, and says what to use.

    Args:
        threads: as configured.
    """

    def __init__(self, threads: int) -> None:
        self._flow = Flow()
        self._threads = fewer_threads(threads)
        self._pace = Ladder(len(PACE) - 1, PACE_SETTLE, PACE_CALM)
        self._heat = Ladder(len(self._threads) - 1, HEAT_SETTLE, HEAT_CALM)

    def update(self, now: float, counts: Counts, heated: bool) -> bool:
        """Go on; whether the answer changed. `now` in monotonic seconds."""
        self._flow.note(now, counts)
        lost = self._flow.lost()
        behind = None if lost is None or EVEN < lost < BEHIND else lost >= BEHIND
        changed = [self._pace.update(now, behind), self._heat.update(now, heated)]
        if any(changed):
            self._flow.forget()  # frames lost before a step say nothing about it
        return any(changed)

    @property
    def level(self) -> int:
        """Steps taken; 0 is none."""
        return self._pace.level + self._heat.level

    @property
    def adaptation(self) -> Adaptation:
        interval, side = PACE[self._pace.level]
        return Adaptation(interval, side, self._threads[self._heat.level])

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, in words."""
        now = self.adaptation
        steps = []
        if now.interval_factor > 1:
            steps.append(f"looks at the whole picture up to {now.interval_factor} times as seldom")
        if now.side_factor < 1:
            steps.append(f"detector's picture at {now.side_factor:.0%} of its size")
        if now.threads < self._threads[0]:
            steps.append(f"{now.threads} of {self._threads[0]} threads")
        return tuple(steps)


def fewer_threads(threads: int) -> tuple[int, ...]:
    """The numbers of threads to go through, from all to one.

    >>> fewer_threads(4), fewer_threads(3), fewer_threads(1)
    ((4, 2, 1), (3, 1), (1,))
    """
    steps = [threads]
    while steps[-1] > 1:
        steps.append(steps[-1] // 2)
    return tuple(steps)
