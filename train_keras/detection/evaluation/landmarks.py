"""How far a detector's landmarks lie from those of a reference, YuNet at full size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.detectors.boxes import iou
from edge.types import Face, Floats
from train_keras.data.faces import Rows
from train_keras.detection.evaluation.matching import NOBODY, match
from train_keras.detection.evaluation.scenes import Scene, longer_sides
from train_keras.detection.evaluation.scores import boxes_of

SAME = 0.5  # both boxes of a face overlap by more than this
FAR = 0.1
LEAST_EYES = 0.25  # of the box's longer side: in profile the eyes nearly meet, and any error would be huge


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Mean distances over the five points, one value a face.

    Attributes:
        plain: float32 [K], in distances between the reference's eyes.
        guarded: float32 [K], likewise, the eyes taken to be at least LEAST_EYES apart.
        states: int64 [K] over MASK_STATES: under a mask both detectors guess half of the points.
        sizes: float32 [K], the annotated boxes' longer sides in pixels.
    """

    plain: Floats
    guarded: Floats
    states: Rows
    sizes: Floats


def compare(
    scenes: Sequence[Scene],
    ours: Sequence[Sequence[Face]],
    reference: Sequence[Sequence[Face]],
    minimum: float,
) -> Distances:
    """Compare on the annotated faces of at least `minimum` pixels that both found, by boxes that overlap.

    Args:
        ours, reference: for each scene the faces above the detector's threshold, the surest first.
    """
    pairs = [
        pair
        for scene, a, b in zip(scenes, ours, reference, strict=True)
        for pair in _pairs(scene, a, b, minimum)
    ]
    both = np.array([_distances(a, b) for a, b, *_ in pairs], np.float32).reshape(-1, 2)
    return Distances(
        both[:, 0],
        both[:, 1],
        np.array([state for *_, state, _ in pairs], np.int64),
        np.array([size for *_, size in pairs], np.float32),
    )


def _pairs(
    scene: Scene, ours: Sequence[Face], reference: Sequence[Face], minimum: float
) -> list[tuple[Face, Face, int, float]]:
    """Both detectors' views of each face, the face's state and its size."""
    finders = [match(scene.boxes, boxes_of(faces), minimum).finders for faces in (ours, reference)]
    both = [
        (ours[i], reference[j], int(state), float(size))
        for i, j, state, size in zip(*finders, scene.states, longer_sides(scene.boxes), strict=True)
        if i != NOBODY and j != NOBODY
    ]
    return [
        (a, b, state, size)
        for a, b, state, size in both
        if a.landmarks is not None
        and b.landmarks is not None
        and iou(boxes_of([a]), boxes_of([b])).item() > SAME
    ]


def _distances(ours: Face, reference: Face) -> tuple[float, float]:
    marks, truth = np.asarray(ours.landmarks), np.asarray(reference.landmarks)
    distance = float(np.linalg.norm(marks - truth, axis=1).mean())
    eyes = float(np.linalg.norm(truth[1] - truth[0]))
    side = float((reference.box[2:] - reference.box[:2]).max())
    return distance / max(eyes, 1e-3), distance / max(eyes, LEAST_EYES * side)
