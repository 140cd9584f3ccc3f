"""Whose turn it is: which faces of a frame are read, and from which side."""

from __future__ import annotations

from collections.abc import Collection, Sequence

Sides = tuple[bool, bool]
# What is read of a face where its model asks for the mirror image too: as it is, mirrored.
BOTH: Sides = (True, True)
PLAIN: Sides = (True, False)
MIRRORED: Sides = (False, True)

MOST = 12  # faces read in a frame: on a slow processor some 15 ms, half of what a camera leaves
LIGHT = 0.25  # share of one answer in what is shown, up to which one look at the face will do


class Turns:
    """Chooses what a frame's reading is spent on.

    New faces are always read, from both sides. A face that is followed and smoothed shows a mean over many
    frames: so it is read as it is and mirrored in turns, and in a crowd not in every frame.

    Args:
        most: faces read in a frame, unless more of them are new; 0 for no limit.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._last: dict[int, Sides] = {}

    def take(self, tracks: Sequence[int], weights: Sequence[float]) -> dict[int, Sides]:
        """The rows of the faces to read now, ascending, with BOTH, PLAIN or MIRRORED for each.

        Args:
            tracks: the faces' numbers.
            weights: the share an answer of now would have in what each face shows; 1 for a new face. It
                grows while a face waits, so those that waited longest come first.
        """
        rows: Sequence[int] = range(len(tracks))
        crowd = 0 < self._most < len(tracks)
        if crowd:
            longest = sorted(rows, key=lambda row: -weights[row])
            rows = sorted(row for place, row in enumerate(longest) if place < self._most or weights[row] == 1)
        chosen = {row: self._side(tracks[row], weights[row], crowd) for row in rows}
        self._last.update({tracks[row]: side for row, side in chosen.items()})
        return chosen

    def keep(self, tracks: Collection[int]) -> None:
        """Forget every track but these."""
        self._last = {track: side for track, side in self._last.items() if track in tracks}

    def _side(self, track: int, weight: float, crowd: bool) -> Sides:
        if weight <= LIGHT or (crowd and weight < 1):
            return MIRRORED if self._last.get(track) == PLAIN else PLAIN
        return BOTH
