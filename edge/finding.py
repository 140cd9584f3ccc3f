"""Where to look in each frame: at the whole picture, or only around the faces that are known already.

A look at the whole picture is the dearest step of a frame. Between two of them a detector that can look at a
region looks around each known face, so that a face is seen anew in every frame and a lost one is noticed at
once; docs/tracking.md shows how this way was chosen. A detector that cannot leaves its faces to move on as
they did.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from edge.detectors import Detector, SizedDetector
from edge.interval import LONGEST, Costs, affordable
from edge.tracking import Track, Tracker
from edge.types import Face, Floats, Frame, Image

SIZE = (128, 128)  # width and height of the picture the detector is given of a region
AROUND = 2.0  # sides of a region in sides of its face
MOST_REGIONS = 3  # more take as long as a look at the whole picture
AS_EXPECTED = 0.3  # least IoU of a face with where it was expected; less is another face, or none
STILL = 0.75  # IoU of a face that hardly moved with where it was
SAME = 0.5  # IoU from which two faces are one
LONGEST_GUESS = 4  # frames; without region looks nobody notices a face that stopped, turned or left


@runtime_checkable
class RegionDetector(Protocol):
    """Finds faces in a part of a picture."""

    def detect_region(self, image: Image, region: Floats, size: tuple[int, int]) -> list[Face]:
        """Faces in a region, in pixels of the whole picture, the surest first.

        Args:
            image: uint8 [H, W, 3] BGR, the whole picture.
            region: float32 [4], x0 y0 x1 y1 in its pixels; may reach beyond it.
            size: width and height the region is brought to.
        Returns:
            no face where the region lies outside the picture.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The faces of a frame and their tracks' numbers, in the same order, and how they were found: `look` is
    one of `types.LOOKS`."""

    faces: list[Face]
    tracks: list[int]
    look: str


class Finder:
    """Finds and numbers the faces of one frame after another.

    Args:
        detector: looks at the whole picture, and at regions where it has `detect_region`.
        tracker: numbers the faces.
        interval: frames from one full look to the next, 1 for a full look in every frame; None for as few
            as the camera's period leaves time for. While no face is known, a fixed interval means a full
            look in every frame.
    Attributes:
        costs: what looking takes; the rest of a frame is for the caller to note.
    """

    def __init__(
        self, detector: SizedDetector, tracker: Tracker | None = None, interval: int | None = 1
    ) -> None:
        self.costs = Costs()
        self._detector = detector
        self._regions = detector if isinstance(detector, RegionDetector) else None
        self._tracker = tracker or Tracker()
        self._interval = interval
        self._side: int | None = None  # of the detector's picture, once it was adapted
        self._patience = 1
        self._since = math.inf  # frames since the last full look
        self._looked = -math.inf  # time of the last look of either kind
        self._overlooked: set[int] = set()  # tracks of faces that full looks see and region looks do not

    def use(self, detector: SizedDetector) -> None:
        """Look with another detector from now on, at a picture as small as the last one was adapted to."""
        self._detector = detector
        self._regions = detector if isinstance(detector, RegionDetector) else None
        if self._side is not None:
            detector.longest_side = self._side
        self.costs.full = self.costs.region = 0.0  # are another one's

    def adapt(self, longest_side: int, patience: int) -> None:
        """Look at a picture of this size, and `patience` times as seldom at the most."""
        self._side = self._detector.longest_side = longest_side
        self._patience = patience
        self.costs.full = 0.0  # is another size's

    @property
    def alive(self) -> frozenset[int]:
        """Numbers of the faces seen lately."""
        return self._tracker.alive

    def find(self, frame: Frame, now: float) -> Sighting:
        """The faces of the next frame; `now` is its time in seconds, later than the last one's."""
        self.costs.note_frame(frame)
        self._since += 1
        tracks = sorted(self._tracker.living(now), key=lambda track: -track.seen)
        if self._is_due(tracks):
            self._overlooked.clear()
            return self._look_fully(frame.image, now)
        follow = self._move_on if self._regions is None else self._look_around
        return follow(frame.image, tracks, now) or self._look_fully(frame.image, now)

    def _is_due(self, tracks: list[Track]) -> bool:
        if self._interval is None:
            regions = min(len(tracks), MOST_REGIONS)
            longest = self._patience * longest_interval(self._detector)
            return self._since >= affordable(self.costs, regions, longest)
        return not self._known(tracks) or self._since >= self._patience * self._interval

    def _known(self, tracks: list[Track]) -> list[Track]:
        """Those whose faces the last look saw."""
        return [track for track in tracks if track.seen == self._looked]

    def _look_fully(self, image: Image, now: float) -> Sighting:
        started = time.perf_counter()
        faces = self._detector.detect(image)
        self.costs.note_full(time.perf_counter() - started)
        self._since, self._looked = 0, now
        numbers = self._tracker.update(faces, now)
        self._overlooked.intersection_update(numbers)
        return Sighting(faces, numbers, "full")

    def _look_around(self, image: Image, tracks: list[Track], now: float) -> Sighting | None:
        """Look where each face is expected; where one is missing that was there a frame ago, look fully.

        A face that has been missing for longer is looked for too while there is room, but its absence is no
        news.

        Args:
            tracks: those seen last come first.
        """
        if len(self._known(tracks)) > MOST_REGIONS:
            return None
        tracks = tracks[:MOST_REGIONS]
        started = time.perf_counter()
        found: list[tuple[Track, Face]] = []
        missing: dict[int, Floats] = {}
        for track in tracks:
            face = self._find_again(image, track.expected(now))
            if face is None and track.number in self._overlooked:
                face = track.face
            if face is not None and all(overlap(face, other.box) <= SAME for _, other in found):
                found.append((track, face))
            elif track.seen == self._looked:
                missing[track.number] = track.face.box
        if tracks:
            self.costs.note_region((time.perf_counter() - started) / len(tracks))
        if missing:
            return self._look_for(missing, image, now)
        for track, face in found:
            track.see(face, now)
        self._looked = now
        look = "regions" if tracks else "none"
        return Sighting([face for _, face in found], [track.number for track, _ in found], look)

    def _look_for(self, missing: dict[int, Floats], image: Image, now: float) -> Sighting:
        """Look fully for faces that region looks missed; note those that are where they were.

        Until the next full look is due these may be missing again and then stay there, or a face on the edge
        of what the detector sees would cost a full look in every frame.

        Args:
            missing: where they were a frame ago, by the numbers of their tracks.
        """
        sighting = self._look_fully(image, now)
        for face, number in zip(sighting.faces, sighting.tracks, strict=True):
            if number in missing and overlap(face, missing[number]) >= STILL:
                self._overlooked.add(number)
        return sighting

    def _find_again(self, image: Image, expected: Floats) -> Face | None:
        """The face that overlaps most with the box [4] where one is expected, if it does so well enough."""
        assert self._regions is not None
        faces = self._regions.detect_region(image, region_around(expected), SIZE)
        if not faces:
            return None
        face = max(faces, key=lambda face: overlap(face, expected))
        return face if overlap(face, expected) >= AS_EXPECTED else None

    def _move_on(self, _: Image, tracks: list[Track], now: float) -> Sighting | None:
        """Without looking: every face moves on as it did."""
        known = self._known(tracks)
        faces = [moved(track.face, track.expected(now)) for track in known]
        return Sighting(faces, [track.number for track in known], "motion" if known else "none")


def longest_interval(detector: Detector) -> int:
    """The most frames from one full look to the next, however short the time."""
    return LONGEST if isinstance(detector, RegionDetector) else LONGEST_GUESS


def overlap(face: Face, box: Floats) -> float:
    """IoU of a face with a box [4], in plain numbers: several times as fast for one pair."""
    left, top, right, bottom = face.box.tolist()
    x0, y0, x1, y1 = box.tolist()
    shared = max(0.0, min(right, x1) - max(left, x0)) * max(0.0, min(bottom, y1) - max(top, y0))
    return float(shared / max((right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - shared, 1e-6))


def region_around(box: Floats) -> Floats:
    """The square in which a face [4] is looked for: float32 [4].

    >>> region_around(np.float32([100, 100, 200, 180])).tolist()
    [50.0, 40.0, 250.0, 240.0]
    """
    centre = (box[:2] + box[2:]) / 2
    reach = AROUND / 2 * max(float((box[2:] - box[:2]).max()), 1.0)
    return np.concatenate([centre - reach, centre + reach]).astype(np.float32)


def moved(face: Face, box: Floats) -> Face:
    """The face with its box [4] elsewhere, its landmarks in the same places of the box."""
    if face.landmarks is None:
        return replace(face, box=box)
    scale = (box[2:] - box[:2]) / np.maximum(face.box[2:] - face.box[:2], 1)
    landmarks = (face.landmarks - face.box[:2]) * scale + box[:2]
    return replace(face, box=box, landmarks=landmarks.astype(np.float32))
