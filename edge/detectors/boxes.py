"""Boxes xyxy as plain arrays."""

from __future__ import annotations

import numpy as np

from edge.types import Floats

MOST_FACES = 256  # bounds the time of a picture in which a network sees faces everywhere


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box in `a` [N, 4] with every box in `b` [M, 4]: float32 [N, M].

    >>> iou(np.float32([[0, 0, 2, 2]]), np.float32([[0, 0, 2, 2], [0, 0, 1, 2], [5, 5, 6, 6]])).tolist()
    [[1.0, 0.5, 0.0]]
    """
    rows, columns = a.T[:, :, np.newaxis], b.T[:, np.newaxis]
    size = np.minimum(rows[2:], columns[2:])
    size -= np.maximum(rows[:2], columns[:2])
    np.maximum(size, 0, out=size)
    shared = size[0] * size[1]
    union = areas(a)[:, np.newaxis] + areas(b) - shared
    return np.asarray(shared / np.maximum(union, 1e-6), np.float32)


def areas(boxes: Floats) -> Floats:
    """Areas of boxes [N, 4], 0 where a box is inside out: float32 [N]."""
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(size[:, 0] * size[:, 1], np.float32)


def suppress(boxes: Floats, scores: Floats, overlap: float, most: int = MOST_FACES) -> list[int]:
    """Non-maximum suppression: of boxes that overlap, the one with the highest score stays.

    Goes from face to face, not from box to box: a detector's candidates lie around few faces, and each round
    drops all that lie around one.

    Args:
        boxes: float32 [N, 4].
        scores: float32 [N].
        overlap: the IoU above which two boxes are one face.
        most: stop at so many faces.
    Returns:
        indices of the boxes to keep, the highest score first, of equal ones the first in `boxes`.
    """
    order = np.argsort(-scores, kind="stable")
    sides = boxes[order].T.copy()  # [4, N]: each round works on whole rows
    size = np.maximum(sides[2:] - sides[:2], 0)
    area = size[0] * size[1]
    kept: list[int] = []
    while order.size and len(kept) < most:
        kept.append(int(order[0]))
        if order.size == 1:
            break
        best, sides = sides[:, :1], sides[:, 1:]
        size = np.minimum(sides[2:], best[2:])
        size -= np.maximum(sides[:2], best[:2])
        np.maximum(size, 0, out=size)
        shared = size[0] * size[1]
        union = area[1:] + area[0] - shared
        apart = shared <= overlap * union
        order, sides, area = order[1:][apart], sides[:, apart], area[1:][apart]
    return kept
