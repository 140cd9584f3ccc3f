"""Pictures with as many faces as asked for: those of the demo clip, pasted in a grid on grey."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from edge.detectors import Detector
from edge.types import Face, Image

AROUND = 1.8  # sides of a pasted square in sides of its face, so that the detector sees a head
GREY = 114
APART = 6  # frames between two pasted faces


def heads_of(images: Sequence[Image], detector: Detector) -> list[Image]:
    """Squares around the surest face of some frames, uint8 [S, S, 3], each as large as it comes."""
    found = [(image, detector.detect(image)) for image in images[::APART]]
    return [_around(image, faces[0]) for image, faces in found if faces]


def picture_of(heads: Sequence[Image], faces: int, size: tuple[int, int], cells: int) -> Image:
    """A picture with so many heads: uint8 [H, W, 3].

    Args:
        faces: how many, `cells` at most; the first cells of the grid are taken.
        size: width and height in pixels.
        cells: of the whole grid, whatever is in them: a face is as large alone as among many.
    Raises:
        ValueError: there are more faces than cells.
    """
    if faces > cells:
        raise ValueError(f"{faces} faces do not fit into {cells} cells")
    width, height = size
    columns = max(1, math.ceil(math.sqrt(cells * width / height)))
    rows = math.ceil(cells / columns)
    side = min(width // columns, height // rows)
    canvas = np.full((height, width, 3), GREY, np.uint8)
    for cell in range(faces):
        row, column = divmod(cell, columns)
        left, top = column * width // columns, row * height // rows
        head = cv2.resize(heads[cell % len(heads)], (side, side), interpolation=cv2.INTER_AREA)
        canvas[top : top + side, left : left + side] = head
    return canvas


def _around(image: Image, face: Face) -> Image:
    """The square around a face, within the picture."""
    height, width = image.shape[:2]
    side = min(int(AROUND * float((face.box[2:] - face.box[:2]).max())), height, width)
    x, y = (face.box[:2] + face.box[2:]) / 2
    left = int(np.clip(x - side / 2, 0, width - side))
    top = int(np.clip(y - side / 2, 0, height - side))
    return image[top : top + side, left : left + side]
