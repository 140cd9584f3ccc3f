"""Pictures brought to the size a network looks at."""

from __future__ import annotations

import cv2
import numpy as np

from edge.scratch import Scratch
from edge.types import Image

LARGEST_STEP = 2.5  # pixels of a picture for one of the target's, as far as bilinear sampling alone goes


def resize_into(image: Image, target: Image, scratch: Scratch | None = None) -> None:
    """Write `image` into `target`, resized.

    Bilinear sampling reads 2 x 2 pixels for each of the target's, which will do while few lie between them.
    Where the picture shrinks further it first goes bilinearly to twice the target's size and is then averaged
    2 x 2: down to a quarter that reads every pixel, as averaging would, in a fourth of the time or less.

    Args:
        image: uint8 [H, W, 3].
        target: uint8 [h, w, 3], a part of a larger array if need be.
        scratch: for the picture of twice the size.
    """
    height, width = target.shape[:2]
    if image.shape == target.shape:
        np.copyto(target, image)
        return
    if image.shape[0] > LARGEST_STEP * height and image.shape[1] > LARGEST_STEP * width:
        double = (scratch or Scratch()).picture(2 * height, 2 * width, 3)
        cv2.resize(image, (2 * width, 2 * height), dst=double, interpolation=cv2.INTER_LINEAR)
        cv2.resize(double, (width, height), dst=target, interpolation=cv2.INTER_AREA)
        return
    cv2.resize(image, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
