"""How many frames may pass from one look at the whole picture to the next, by the time there is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.types import Frame

LONGEST = 12  # frames; a newcomer waits for the next full look, at 24 frames a second half a second at most
SHARE = 0.8  # of the camera's period may be spent: outputs and the rest of the machine want some too
WEIGHT = 0.1  # of the newest duration against the mean of those before


@dataclass(slots=True)
class Costs:
    """What the steps of a frame take, in seconds, each a running mean; 0 where nothing is known yet.

    Attributes:
        period: from one picture of the camera to its next.
        full: a look at the whole picture.
        region: a look at the region around one face.
        rest: everything but looking: crops, classification, smoothing.
    """

    period: float = 0.0
    full: float = 0.0
    region: float = 0.0
    rest: float = 0.0
    _last: tuple[int, float] | None = None

    def note_frame(self, frame: Frame) -> None:
        """Learn the camera's period, also from a camera whose frames are overtaken by newer ones."""
        if self._last is not None and frame.sequence > self._last[0]:
            apart = (frame.captured - self._last[1]) / (frame.sequence - self._last[0])
            self.period = mean(self.period, apart)
        self._last = frame.sequence, frame.captured

    def note_full(self, seconds: float) -> None:
        self.full = mean(self.full, seconds)

    def note_region(self, seconds: float) -> None:
        self.region = mean(self.region, seconds)

    def note_rest(self, seconds: float) -> None:
        self.rest = mean(self.rest, seconds)


def mean(before: float, newest: float) -> float:
    """The running mean, which begins with the first value.

    >>> mean(0.0, 3.0), mean(1.0, 2.0)
    (3.0, 1.1)
    """
    return before + WEIGHT * (newest - before) if before else newest


def affordable(costs: Costs, faces: int, longest: int = LONGEST) -> int:
    """The shortest interval that the time left allows, 1 to `longest` frames.

    With an interval of n, one frame in n takes a full look and the others one region look for each face;
    on average that has to fit into the camera's period, less the rest and a reserve. A camera whose period
    is not known yet leaves time for everything.

    >>> affordable(Costs(period=0.033, full=0.001, region=0.0002), faces=1)
    1
    >>> affordable(Costs(period=0.033, full=0.080, region=0.004, rest=0.008), faces=1)
    6
    """
    if not costs.period:
        return 1
    left = SHARE * costs.period - costs.rest
    around = faces * costs.region
    if costs.full <= left:
        return 1
    if around >= left:
        return longest
    return min(longest, math.ceil((costs.full - around) / (left - around)))
