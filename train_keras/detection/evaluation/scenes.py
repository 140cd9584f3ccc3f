"""The test photographs as a camera would show them: fitted into a frame of 640 x 480."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Floats, Image
from train_keras.data.faces import Rows
from train_keras.data.masked_faces import Photo

FRAME = (640, 480)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A photograph in the size in which every detector gets it.

    Attributes:
        file: name inside the archive.
        image: uint8 [H, W, 3] BGR; the photograph's proportions, no border.
        boxes: float32 [N, 4] xyxy in pixels of `image`.
        states: int64 [N] over `edge.labels.MASK_STATES`.
    """

    file: str
    image: Image
    boxes: Floats
    states: Rows


def fit(photo: Photo, frame: tuple[int, int] = FRAME) -> Scene:
    """Shrink or enlarge a photograph until it just fits into a frame (width, height)."""
    height, width = photo.image.shape[:2]
    scale = min(frame[0] / width, frame[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = np.asarray(cv2.resize(photo.image, size, interpolation=how), np.uint8)
    grown = np.tile(np.array([size[0] / width, size[1] / height], np.float32), 2)
    boxes = np.clip(photo.boxes * grown, 0, np.array(size * 2, np.float32))
    return Scene(photo.file, image, np.asarray(boxes, np.float32).reshape(-1, 4), photo.states)


def pad(image: Image, size: tuple[int, int]) -> Image:
    """Black to the right and below, up to a size (width, height): uint8 [height, width, 3].

    Raises:
        ValueError: the picture is larger.
    """
    height, width = image.shape[:2]
    if width > size[0] or height > size[1]:
        raise ValueError(f"{width} x {height} does not fit into {size[0]} x {size[1]}")
    out = np.zeros((size[1], size[0], 3), np.uint8)
    out[:height, :width] = image
    return out


def longer_sides(boxes: Floats) -> Floats:
    """Of boxes [N, 4]: float32 [N], what "size of a face" means throughout.

    >>> longer_sides(np.float32([[0, 0, 30, 40], [5, 5, 15, 7]])).tolist()
    [40.0, 10.0]
    """
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0), np.float32)
