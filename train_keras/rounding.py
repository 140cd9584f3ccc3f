"""A network's weights in 8 bits: for each output channel as many steps of one size as it needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.types import Floats

STEPS = 127
Steps = npt.NDArray[np.int8]


def to_steps(weights: Floats) -> tuple[Steps, Floats]:
    """Whole steps, int8 [..., C], and the size of one for each channel, float32 [C].

    >>> steps, sizes = to_steps(np.float32([[1.0, 0.0], [-0.5, 0.0]]))
    >>> steps.tolist(), from_steps(steps, sizes).round(2).tolist()
    ([[127, 0], [-64, 0]], [[1.0, 0.0], [-0.5, 0.0]])
    """
    largest = np.abs(weights).reshape(-1, weights.shape[-1]).max(axis=0)
    sizes = np.asarray(largest / STEPS, np.float32)
    steps = np.rint(weights / np.where(sizes > 0, sizes, 1))
    return steps.astype(np.int8), sizes


def from_steps(steps: Steps, sizes: Floats) -> Floats:
    """The weights again, each at most half a step off: float32 [..., C]."""
    return np.asarray(steps.astype(np.float32) * sizes, np.float32)
