"""Boxes xyxy as plain arrays."""

from __future__ import annotations

import numpy as np

from edge.types import Floats


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every box in `a` [N, 4] with every box in `b` [M, 4]: float32 [N, M].

    >>> iou(np.float32([[0, 0, 2, 2]]), np.float32([[0, 0, 2, 2], [0, 0, 1, 2], [5, 5, 6, 6]])).tolist()
    [[1.0, 0.5, 0.0]]
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-6), np.float32)


def areas(boxes: Floats) -> Floats:
    """Areas of boxes [N, 4], 0 where a box is inside out: float32 [N]."""
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1), np.float32)


def suppress(boxes: Floats, scores: Floats, overlap: float) -> list[int]:
    """Non-maximum suppression: indices of the boxes to keep, the highest score first."""
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(boxes[order], boxes[order]) > overlap
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~overlaps[i, i + 1 :]
    return [int(index) for index in order[alive]]
