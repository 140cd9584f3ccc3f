"""A calmer answer per face: exponential smoothing of its probabilities over time."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from edge.types import Floats


class Smoother:
    """Smooths each track's probabilities.

    Args:
        time_constant: seconds after which a change has come through to 63 %; 0 switches smoothing off.
    """

    def __init__(self, time_constant: float = 0.4) -> None:
        self._time_constant = time_constant
        self._states: dict[int, tuple[Floats, float]] = {}

    def smooth(self, track: int, probabilities: Floats, now: float) -> Floats:
        """Blend a track's newest probabilities, float32 [7], into what it showed before.

        Args:
            now: the frame's time in seconds, not before the track's last one.
        Returns:
            float32 [7], between the old and the new, so with the same sum of 1.
        """
        before = self._states.get(track)
        if before is not None and self._time_constant > 0:
            state, then = before
            weight = 1 - math.exp(-max(0.0, now - then) / self._time_constant)
            probabilities = np.asarray(state + np.float32(weight) * (probabilities - state), np.float32)
        self._states[track] = probabilities, now
        return probabilities

    def keep(self, tracks: Collection[int]) -> None:
        """Forget every track but these."""
        self._states = {track: state for track, state in self._states.items() if track in tracks}
