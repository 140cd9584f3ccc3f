"""What a trained network still gets wrong on its training photographs, so that it is shown it more often.

Hands, prints and textures that look like a face are a small part of the photographs, and so are faces in
profile: drawn at random, windows hardly ever hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from edge.detectors.boxes import iou
from edge.types import Floats
from train_keras.detection.pictures import BOX, FACE, KIND, Picture, sides
from train_keras.detection.sampling import REFERENCE
from train_keras.detection.watch import MATCH, Watch

MISSED_BELOW, FALSE_FROM = 0.4, 0.2  # scores
LEAST = 12.0  # px of the network's input; smaller faces may be missed
APART = 0.1  # a box that overlaps a face, or what may be one, by more is no false box


def with_hard_regions(model: keras.Model, pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures with what the network gets wrong in each.

    Args:
        model: from pictures of 320 x 256 to cells, as `with_cells` gives them.
    """
    watch = Watch(pictures, *REFERENCE)
    return [
        replace(picture, hard=hard_regions(faces, boxes, scores) / scale)
        for picture, faces, scale, (boxes, scores, _) in zip(
            pictures, watch.faces, watch.scales, watch.detect(model), strict=True
        )
    ]


def hard_regions(faces: Floats, boxes: Floats, scores: Floats) -> Floats:
    """Boxes float32 [M, 4] of missed faces and of false boxes.

    Args:
        faces: float32 [N, 17], as `pictures` describes them.
        boxes, scores: what was found, [D, 4] and [D].
    """
    overlap = iou(faces[:, BOX], boxes) if len(boxes) else np.zeros((len(faces), 0), np.float32)
    best = np.where(overlap > MATCH, scores, 0).max(axis=1, initial=0)
    missed = (faces[:, KIND] == FACE) & (sides(faces) >= LEAST) & (best < MISSED_BELOW)
    false = (scores >= FALSE_FROM) & (overlap.max(axis=0, initial=0) <= APART)
    return np.concatenate([faces[missed, BOX], boxes[false]]).astype(np.float32)
