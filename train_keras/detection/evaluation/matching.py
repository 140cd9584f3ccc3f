"""Which box found which face.

Small faces are "don't care": nobody loses by missing them or wins by finding them. So that a face or a box
near the limit is not held against a detector, the rule asks in this order, for each box, the surest first:

1. Does it lie on a face that counts and that no surer box has found? Then it has found the one it lies on
   best, even when the box itself is a little smaller than the limit.
2. Is it smaller than the limit, or does it lie on a face that does not count? Then it is ignored.
3. Otherwise it is a false box; a second box on a face that is found already is one too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.detectors.boxes import iou
from edge.types import Floats
from train_keras.data.faces import Rows
from train_keras.detection.evaluation.scenes import longer_sides

FALSE, IGNORED = -1, -2
NOBODY = -1
TOUCHING = 0.3  # a box lies on a face when its intersection over union exceeds this
HALF = float(np.nextafter(np.float32(0.5), np.float32(0)))  # AP's criterion includes 0.5 itself


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The outcome for one picture.

    Attributes:
        truths: int64 [D], for each box the face it found, or FALSE, or IGNORED.
        finders: int64 [N], for each face the box that found it, or NOBODY.
    """

    truths: Rows
    finders: Rows


def match(faces: Floats, boxes: Floats, minimum: float, overlap: float = TOUCHING) -> Matches:
    """Match greedily.

    Args:
        faces: float32 [N, 4] annotated faces.
        boxes: float32 [D, 4] of a detector, the surest first: leaving out the tail changes nothing before it,
            so one call serves every threshold.
        minimum: least longer side of a face that counts, in pixels.
        overlap: a face is found by an intersection over union above this.
    """
    counts = longer_sides(faces) >= minimum
    small = longer_sides(boxes) < minimum
    overlaps = iou(boxes, faces)
    truths = np.full(len(boxes), FALSE, np.int64)
    finders = np.full(len(faces), NOBODY, np.int64)
    for box, row in enumerate(overlaps):
        free = counts & (finders == NOBODY) & (row > overlap)
        if free.any():
            face = int(np.where(free, row, -1).argmax())
            truths[box], finders[face] = face, box
        elif small[box] or bool((row[~counts] > TOUCHING).any()):
            truths[box] = IGNORED
    return Matches(truths, finders)
