"""Recall, false boxes and average precision of one detector, at any threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve

from edge.detectors.boxes import iou
from edge.types import Face, Floats
from train_keras.data.faces import Rows
from train_keras.detection.evaluation.matching import FALSE, NOBODY, TOUCHING, Matches, match
from train_keras.detection.evaluation.scenes import Scene, longer_sides

Chosen = npt.NDArray[np.bool_]
SEEN = 0.5  # a false box that another detector has too, by an intersection over union above this


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Everything a threshold sweep needs, pooled over the pictures.

    Attributes:
        pictures: how many there were.
        states: int64 [T] mask states of the faces that count.
        sizes: float32 [T] their longer sides in pixels.
        where: int64 [T] their pictures.
        found: float32 [T] score of the box that found each, minus infinity where none did.
        false: float32 [F] scores of the false boxes.
        false_where: int64 [F] their pictures.
        alone: bool [F], no other kind of detector saw a face there.
    """

    pictures: int
    states: Rows
    sizes: Floats
    where: Rows
    found: Floats
    false: Floats
    false_where: Rows
    alone: Chosen

    def recall(self, threshold: float, chosen: Chosen | None = None) -> float:
        """Share of the (chosen) faces that are found; NaN when there is none."""
        found = self.found if chosen is None else self.found[chosen]
        return float((found >= threshold).mean()) if len(found) else float("nan")

    def false_boxes(self, threshold: float, alone: bool = False) -> int:
        """How many there are; `alone` leaves out those that another detector has too."""
        return int(((self.false >= threshold) & (self.alone | (not alone))).sum())

    def threshold_for(self, false_boxes: float, alone: bool = False) -> float:
        """The least threshold with no more false boxes than this; `alone` as in `false_boxes`."""
        allowed = int(false_boxes)
        false = self.false[self.alone] if alone else self.false
        if len(false) <= allowed:
            return 0.0
        surest = np.sort(false)[::-1]
        return float(np.nextafter(surest[allowed], np.float32(np.inf)))

    def curve(self, chosen: Chosen | None = None) -> tuple[Floats, Floats]:
        """Recall, rising, and precision at each score; faces outside `chosen` count neither way."""
        found = self.found if chosen is None else self.found[chosen]
        hits = found[np.isfinite(found)]
        if not len(hits):
            return np.zeros(1, np.float32), np.ones(1, np.float32)
        right = np.concatenate([np.ones(len(hits)), np.zeros(len(self.false))])
        precision, recall, _ = precision_recall_curve(right, np.concatenate([hits, self.false]))
        return (recall[::-1] * (len(hits) / len(found))).astype(np.float32), precision[::-1].astype(
            np.float32
        )

    def recall_curve(self, chosen: Chosen | None = None) -> tuple[Floats, Floats]:
        """False boxes a picture, rising, and the recall on the (chosen) faces that they buy."""
        found = self.found if chosen is None else self.found[chosen]
        thresholds = np.unique(np.concatenate([found[np.isfinite(found)], self.false]))[::-1]
        wrong, right = (_at_least(values, thresholds) for values in (self.false, found))
        return (wrong / self.pictures).astype(np.float32), (right / max(len(found), 1)).astype(np.float32)

    def average_precision(self, chosen: Chosen | None = None) -> float:
        """Area under the curve, where at each recall the best precision at that recall or beyond counts."""
        if not (self.found if chosen is None else self.found[chosen]).size:
            return float("nan")
        recall, precision = self.curve(chosen)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float((np.diff(recall) * best[1:]).sum())


def tally(
    scenes: Sequence[Scene],
    found: Sequence[Sequence[Face]],
    minimum: float,
    overlap: float = TOUCHING,
    witnesses: Sequence[Floats] | None = None,
) -> Tally:
    """Match one detector's faces with the truth.

    Args:
        found: a list of faces for each scene, the surest first.
        minimum: least longer side of a face that counts, in pixels.
        overlap: a face is found by an intersection over union above this.
        witnesses: for each scene the boxes [M, 4] of the detectors that may confirm a false box.
    """
    matches = [match(s.boxes, boxes_of(f), minimum, overlap) for s, f in zip(scenes, found, strict=True)]
    scores = [scores_of(faces) for faces in found]
    counts = [longer_sides(scene.boxes) >= minimum for scene in scenes]
    wrong = [m.truths == FALSE for m in matches]
    alone = [
        ~_confirmed(boxes_of(f)[w], witnesses[i] if witnesses else None)
        for i, (f, w) in enumerate(zip(found, wrong, strict=True))
    ]
    return Tally(
        pictures=len(scenes),
        states=_join([s.states[c] for s, c in zip(scenes, counts, strict=True)], np.int64),
        sizes=_join([longer_sides(s.boxes)[c] for s, c in zip(scenes, counts, strict=True)], np.float32),
        where=_join([np.full(c.sum(), i) for i, c in enumerate(counts)], np.int64),
        found=_join([_finding(m, s)[c] for m, s, c in zip(matches, scores, counts, strict=True)], np.float32),
        false=_join([s[w] for s, w in zip(scores, wrong, strict=True)], np.float32),
        false_where=_join([np.full(w.sum(), i) for i, w in enumerate(wrong)], np.int64),
        alone=_join(alone, np.bool_),
    )


def boxes_of(faces: Sequence[Face]) -> Floats:
    """float32 [N, 4]."""
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def scores_of(faces: Sequence[Face]) -> Floats:
    """float32 [N]."""
    return np.array([face.score for face in faces], np.float32)


def _finding(matches: Matches, scores: Floats) -> Floats:
    """For each face the score of the box that found it."""
    padded = np.append(scores, np.float32(-np.inf))  # NOBODY, -1, is the last
    assert NOBODY == -1
    return np.asarray(padded[matches.finders], np.float32)


def _at_least(values: Floats, thresholds: Floats) -> Rows:
    """How many values reach each threshold."""
    return np.asarray(len(values) - np.searchsorted(np.sort(values), thresholds), np.int64)


def _confirmed(boxes: Floats, others: Floats | None) -> Chosen:
    if others is None or not len(others):
        return np.zeros(len(boxes), bool)
    return np.asarray((iou(boxes, others) > SEEN).any(axis=1))


def _join(parts: list[npt.NDArray], kind: type) -> npt.NDArray:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)
