"""From a face in a frame to the crop a classifier was trained on.

This is the one definition of the framing: training, evaluation and the daemon all crop through it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Face, Floats, Image

# Provisional; measured and replaced before the first release.
TEMPLATE = ((0.31, 0.37), (0.69, 0.37), (0.50, 0.57), (0.36, 0.77), (0.64, 0.77))


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """Where a face lies in its crop.

    Attributes:
        size: side of the square crop in pixels.
        template: the five landmarks in the crop, as fractions of its side.
    """

    size: int = 48
    template: tuple[tuple[float, float], ...] = TEMPLATE


def crop_face(image: Image, face: Face, geometry: CropGeometry = CropGeometry()) -> Image:
    """Cut a face out of a frame.

    Args:
        image: uint8 [H, W, 3] BGR or [H, W] grey.
        face: box and, where the detector gives them, landmarks in pixels of `image`.
    Returns:
        uint8 [size, size] grey.
    """
    raise_if_empty(image)
    x0, y0, x1, y1 = face.box
    side = max(x1 - x0, y1 - y0)
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    scale = geometry.size / max(side, 1.0)
    matrix = np.array([[scale, 0, geometry.size / 2 - scale * cx], [0, scale, geometry.size / 2 - scale * cy]])
    crop = cv2.warpAffine(image, matrix, (geometry.size, geometry.size), borderMode=cv2.BORDER_REPLICATE)
    return to_grey(crop)


def resize_crop(image: Image, geometry: CropGeometry = CropGeometry()) -> Image:
    """Bring a picture that is a face crop already (any size, grey or BGR) to uint8 [size, size]."""
    raise_if_empty(image)
    grey = to_grey(image)
    shrinking = min(grey.shape) > geometry.size
    return cv2.resize(
        grey, (geometry.size, geometry.size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )


def to_grey(image: Image) -> Image:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def raise_if_empty(image: Image) -> None:
    if image.size == 0:
        raise ValueError(f"the picture is empty: shape {image.shape}")


