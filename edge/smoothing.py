"""A calmer answer per face: its probabilities and its mask state, smoothed over time."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from edge.labels import MASK_STATES
from edge.types import Face, Floats

MAJORITY = 0.6  # of the votes, for a new mask state to take over; a bare half would flicker


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
        weight = self.weight(track, now)
        if weight < 1:
            state, _ = self._states[track]
            probabilities = np.asarray(state + np.float32(weight) * (probabilities - state), np.float32)
        self._states[track] = probabilities, now
        return probabilities

    def weight(self, track: int, now: float) -> float:
        """The share that a track's newest answer has in what is shown; 1 for a new face or unsmoothed."""
        before = self._states.get(track)
        if before is None or self._time_constant == 0:
            return 1.0
        return 1 - math.exp(-max(0.0, now - before[1]) / self._time_constant)

    def shown(self, track: int) -> Floats:
        """float32 [7]: what a track shows; only of one that has been smoothed."""
        return self._states[track][0]

    def keep(self, tracks: Collection[int]) -> None:
        """Forget every track but these."""
        self._states = {track: state for track, state in self._states.items() if track in tracks}


class MaskVote:
    """Lets each track's mask states vote, and changes the one shown only for a clear majority.

    Args:
        time_constant: seconds after which a vote counts 37 %; 0 shows what the detector says.
    """

    def __init__(self, time_constant: float = 1.0) -> None:
        self._time_constant = time_constant
        self._ballots: dict[int, _Ballot] = {}

    def settle(self, track: int, face: Face, now: float) -> Face:
        """Count the face's vote and return it with the state its track shows.

        Args:
            now: the frame's time in seconds, not before the track's last one.
        """
        if face.mask_state is None or self._time_constant == 0:
            return face
        ballot = self._ballots.get(track)
        if ballot is None:
            ballot = self._ballots[track] = _Ballot(face.mask_state, now)
        fade = math.exp(-max(0.0, now - ballot.then) / self._time_constant)
        ballot.votes = {state: fade * count for state, count in ballot.votes.items()}
        ballot.votes[face.mask_state] += 1
        ballot.then = now
        first = max(ballot.votes, key=ballot.votes.__getitem__)
        if ballot.votes[first] > MAJORITY * sum(ballot.votes.values()):
            ballot.shown = first
        return face if face.mask_state == ballot.shown else replace(face, mask_state=ballot.shown)

    def keep(self, tracks: Collection[int]) -> None:
        """Forget every track but these."""
        self._ballots = {track: ballot for track, ballot in self._ballots.items() if track in tracks}


@dataclass(slots=True)
class _Ballot:
    shown: str
    then: float
    votes: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MASK_STATES, 0.0))
