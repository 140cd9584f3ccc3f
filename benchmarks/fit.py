"""Straight lines through measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Line:
    """y = start + slope x by least squares.

    Attributes:
        start_error, slope_error: standard errors; nan for a line through two points.
        residual: the root mean square of what the line misses, in y's unit.
    """

    start: float
    slope: float
    start_error: float
    slope_error: float
    residual: float

    def at(self, x: float) -> float:
        """
        >>> Line(1.0, 0.5, 0.0, 0.0, 0.0).at(4)
        3.0
        """
        return self.start + self.slope * x


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """The line that misses the points least.

    Raises:
        ValueError: there are fewer than two different x.
    """
    if len(set(x)) < 2:
        raise ValueError(f"a line needs two different x: got {sorted(set(x))}")
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    centred = across - across.mean()
    spread = float(centred @ centred)
    slope = float(centred @ up) / spread
    start = float(up.mean() - slope * across.mean())
    missed = up - (start + slope * across)
    free = len(across) - 2
    variance = float(missed @ missed) / free if free else float("nan")
    return Line(
        start,
        slope,
        start_error=float(np.sqrt(variance * (1 / len(across) + across.mean() ** 2 / spread))),
        slope_error=float(np.sqrt(variance / spread)),
        residual=float(np.sqrt(np.mean(missed**2))),
    )
