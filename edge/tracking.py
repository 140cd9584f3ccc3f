"""Which face of this frame is which face of the last: boxes that moved as expected keep their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.detectors.boxes import iou
from edge.types import Face, Floats

LEAST_OVERLAP = 0.1  # a smaller IoU with the expected box is no evidence
NEAR = 0.75  # without overlap: how far a centre may lie from the expected one, in sides of the box
LIKE_SIZE = 0.5  # and how much smaller one side may be than the other
VELOCITY_WEIGHT = 0.5  # of the newest motion against what was believed before


@dataclass(slots=True, eq=False)
class Track:
    """A face followed through time.

    Attributes:
        number: the track's number in events.
        face: as it was last seen.
        seen: when, in seconds.
        velocity: float32 [4], how the box's sides move, in pixels a second.
    """

    number: int
    face: Face
    seen: float
    velocity: Floats = field(default_factory=lambda: np.zeros(4, np.float32))

    def expected(self, now: float) -> Floats:
        """float32 [4]: the box moved on at the same speed."""
        return np.asarray(self.face.box + self.velocity * np.float32(now - self.seen), np.float32)

    def see(self, face: Face, now: float) -> None:
        """Take over the face as it was found."""
        elapsed = now - self.seen
        if elapsed > 0:
            newest = (face.box - self.face.box) / np.float32(elapsed)
            self.velocity = np.asarray(self.velocity + VELOCITY_WEIGHT * (newest - self.velocity), np.float32)
        self.face, self.seen = face, now


class Tracker:
    """Numbers faces through time, from 1, never using a number twice.

    Args:
        survive: seconds a face may be lost and still keep its number.
    """

    def __init__(self, survive: float = 1.0) -> None:
        self._survive = survive
        self._tracks: list[Track] = []
        self._numbers = 0

    @property
    def alive(self) -> frozenset[int]:
        """Numbers of the faces seen lately."""
        return frozenset(track.number for track in self._tracks)

    def living(self, now: float) -> list[Track]:
        """The tracks of the faces seen lately; those lost for too long are forgotten."""
        self._tracks = [track for track in self._tracks if now - track.seen <= self._survive]
        return self._tracks

    def update(self, faces: Sequence[Face], now: float) -> list[int]:
        """Find each face's track, or begin one.

        Args:
            faces: the faces of one frame.
            now: the frame's time in seconds, not before the last one's.
        Returns:
            the faces' track numbers, in the order of `faces`.
        """
        tracks = self.living(now)
        numbers = [0] * len(faces)
        for row, column in self._match(faces, now):
            track = tracks[row]
            track.see(faces[column], now)
            numbers[column] = track.number
        for column, face in enumerate(faces):
            if not numbers[column]:
                self._numbers += 1
                self._tracks.append(Track(self._numbers, face, now))
                numbers[column] = self._numbers
        return numbers

    def _match(self, faces: Sequence[Face], now: float) -> list[tuple[int, int]]:
        if not faces or not self._tracks:
            return []
        expected = np.array([track.expected(now) for track in self._tracks])
        return pair(likeness(expected, np.array([face.box for face in faces])))


def likeness(expected: Floats, found: Floats) -> Floats:
    """How well found boxes [M, 4] continue expected ones [N, 4]: float32 [N, M], 0 for not at all.

    Overlap counts 1 to 2; boxes of like size that moved too far to overlap count at most 1, nearer ones more.
    """
    # Whole rows of corners, [4, N, 1] and [4, 1, M]: few faces make numpy's calls the cost, not its sums.
    a, b = expected.T[:, :, np.newaxis], found.T[:, np.newaxis]
    side_a, side_b = (np.maximum(np.maximum(c[2] - c[0], c[3] - c[1]), 1.0) for c in (a, b))
    larger = np.maximum(side_a, side_b)
    moved = a[:2] + a[2:] - b[:2] - b[2:]  # twice as far
    near = np.maximum(1 - np.hypot(moved[0], moved[1]) / larger / (2 * NEAR), 0)
    near *= np.minimum(side_a, side_b) >= LIKE_SIZE * larger
    overlap = iou(expected, found)
    return np.asarray(np.where(overlap >= LEAST_OVERLAP, 1 + overlap, near), np.float32)


def pair(scores: Floats) -> list[tuple[int, int]]:
    """Pairs (row, column) of a score matrix, the best first, each row and column once, none with score 0.

    >>> pair(np.float32([[0.9, 0.8], [0.95, 0.0]]))
    [(1, 0), (0, 1)]
    """
    rows: set[int] = set()
    columns: set[int] = set()
    pairs = []
    for flat in np.argsort(-scores, axis=None, kind="stable"):
        row, column = divmod(int(flat), scores.shape[1])
        if scores[row, column] <= 0:
            break
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            pairs.append((row, column))
    return pairs
