"""Pictures with faces as the detector learns them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from edge.types import Floats, Image

# Columns of a face. State: index into `MASK_STATES`, -1 where nobody said. Kind: 0 none, FACE, or IGNORED
# where something may or may not be a face. Marked: 0 where the landmarks (x, y, image left first) are not
# known, KNOWN, or EXACT where even the direction from one to another can be learnt from.
BOX, STATE, KIND, MARKED, POINTS = slice(0, 4), 4, 5, 6, slice(7, 17)
COLUMNS = 17
FACE, IGNORED = 1, 2
KNOWN, EXACT = 1, 2
MIRRORED = (1, 0, 2, 4, 3)  # where each landmark comes from in a mirrored picture


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture and its faces.

    Attributes:
        image: uint8 [H, W, 3] BGR.
        faces: float32 [N, 17], columns as above, coordinates in pixels.
        hard: float32 [M, 4], boxes of what a network got wrong before: faces it missed and what it took for
            one; training looks there more often.
    """

    image: Image
    faces: Floats
    hard: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))


def face_rows(boxes: Floats, state: int | Floats = -1, kind: int = FACE) -> Floats:
    """Faces without landmarks: float32 [N, 17] from boxes [N, 4]."""
    rows = np.zeros((len(boxes), COLUMNS), np.float32)
    rows[:, BOX], rows[:, STATE], rows[:, KIND] = boxes, state, kind
    return rows


def moved(faces: Floats, scale: tuple[float, float], shift: tuple[float, float]) -> Floats:
    """Faces of a picture that was resized by `scale` and then shifted by `shift` (x, y)."""
    out = faces.copy()
    out[:, BOX] = faces[:, BOX] * np.tile(scale, 2) + np.tile(shift, 2)
    out[:, POINTS] = faces[:, POINTS] * np.tile(scale, 5) + np.tile(shift, 5)
    return out


def mirrored(faces: Floats, width: float) -> Floats:
    """Faces of a picture mirrored left to right.

    >>> row = face_rows(np.float32([[1, 2, 3, 4]]))
    >>> mirrored(row, 10)[0, :4].tolist()
    [7.0, 2.0, 9.0, 4.0]
    """
    out = faces.copy()
    out[:, 0], out[:, 2] = width - faces[:, 2], width - faces[:, 0]
    points = faces[:, POINTS].reshape(-1, 5, 2)[:, MIRRORED].copy()
    points[..., 0] = width - points[..., 0]
    out[:, POINTS] = points.reshape(-1, 10)
    return out


def turned(faces: Floats, degrees: float, middle: tuple[float, float]) -> Floats:
    """Faces of a picture turned anticlockwise about a point (x, y). Boxes move and keep their size: a head's
    outline is nearly round.

    >>> row = face_rows(np.float32([[0, 4, 2, 6]]))
    >>> turned(row, 90, (5, 5))[0, :4].tolist()
    [4.0, 8.0, 6.0, 10.0]
    """
    out = faces.copy()
    matrix = cv2.getRotationMatrix2D(middle, float(degrees), 1.0)
    points = faces[:, POINTS].reshape(-1, 5, 2)
    out[:, POINTS] = (points @ matrix[:, :2].T + matrix[:, 2]).reshape(-1, 10)
    boxes = faces[:, BOX]
    centres, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    centres = centres @ matrix[:, :2].T + matrix[:, 2]
    out[:, BOX] = np.concatenate([centres - half, centres + half], axis=1)
    return out


def sides(faces: Floats) -> Floats:
    """Longer side of each face's box, float32 [N]."""
    boxes = faces[:, BOX]
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0), np.float32)


def settle(faces: Floats, width: int, height: int, least: float, visible: float = 0.6) -> Floats:
    """Faces as far as they lie in the picture.

    Boxes are clipped. A face of which less than `visible` is left, or smaller than `least` pixels, is ignored
    from then on: it is neither to be learnt nor to be unlearnt. Faces wholly outside are dropped.
    """
    out = faces.copy()
    boxes = out[:, BOX]
    before = np.clip(boxes[:, 2:] - boxes[:, :2], 1e-6, None).prod(axis=1)
    out[:, BOX] = np.clip(boxes, 0, [width, height, width, height])
    after = np.clip(out[:, 2:4] - out[:, 0:2], 0, None).prod(axis=1)
    out[(after < visible * before) | (sides(out) < least), KIND] = IGNORED
    return out[after > 0]
