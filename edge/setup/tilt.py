"""Whether a face leans, by the angles at which the detector is surest of it.

The shipped detector's landmarks stay level where a face is turned in the picture, so they cannot tell.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.detectors import Detector
from edge.types import Face, Floats, Image

ANGLES = np.arange(-60.0, 61.0, 15.0)
REACH = 0.9  # of the face's longer side, from its centre to the sides of what is turned


def find_lean(image: Image, face: Face, detector: Detector) -> float | None:
    """Degrees, roughly half of those by which the face would have to be turned anticlockwise to be upright;
    None for a masked face, whose scores say too little.

    Args:
        image: uint8 [H, W, 3] BGR.
    """
    if face.mask_state not in (None, "no_mask"):
        return None
    part = _square_around(image, face.box)
    weights = np.square([_surest(detector, _turned(part, float(angle))) for angle in ANGLES])
    return float(weights @ ANGLES / weights.sum()) if weights.any() else None


def _surest(detector: Detector, image: Image) -> float:
    return max((float(face.score) for face in detector.detect(image)), default=0.0)


def _square_around(image: Image, box: Floats) -> Image:
    reach = REACH * float((box[2:] - box[:2]).max())
    x, y = ((box[:2] + box[2:]) / 2).tolist()
    shift = np.array([[1, 0, reach - x], [0, 1, reach - y]], np.float32)
    side = max(1, int(2 * reach))
    return np.asarray(cv2.warpAffine(image, shift, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _turned(image: Image, angle: float) -> Image:
    """The picture turned anticlockwise by degrees."""
    side = image.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1)
    return np.asarray(cv2.warpAffine(image, turn, (side, side)), np.uint8)
