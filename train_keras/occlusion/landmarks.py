"""The 68 facial landmarks the mask painter hangs a mask on.

dlib's predictor is used where its face detector confirms a face; a small or occluded face gets the
template fitted to the faces that were confirmed. The predictor's training pictures are for
non-commercial use, so it prepares training data and is no part of the device.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np

from edge.errors import DependencyError
from edge.types import Floats, Image

WORKING_SIDE = 192  # dlib needs about 80 px of face; a 48 px crop is enlarged four times
MARGIN = 32  # replicated border, so that the detector sees the chin of a tight crop


@functools.cache
def _models() -> tuple[Any, Any]:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError("face_recognition_models is not installed: run `make train-env`")
    folder = Path(next(iter(spec.submodule_search_locations))) / "models"
    predictor = dlib.shape_predictor(str(folder / "shape_predictor_68_face_landmarks.dat"))
    return dlib.get_frontal_face_detector(), predictor


def in_crop(crop: Image) -> Floats | None:
    """Landmarks of a picture that is a face crop.

    Args:
        crop: uint8 [S, S] grey.
    Returns:
        float32 [68, 2] in pixels of the crop, or None where dlib finds no face.
    """
    scale = WORKING_SIDE / crop.shape[0]
    large = cv2.resize(crop, (WORKING_SIDE, WORKING_SIDE), interpolation=cv2.INTER_CUBIC)
    large = cv2.copyMakeBorder(large, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    points = in_picture(np.asarray(large, np.uint8))
    if not len(points):
        return None
    return (points[0] - MARGIN + 0.5) / scale - 0.5


def in_picture(grey: Image) -> Floats:
    """Landmarks of every face dlib finds in uint8 [H, W] grey: float32 [N, 68, 2], best score first."""
    detector, predictor = _models()
    boxes, scores, _ = detector.run(grey, 0, 0.0)
    order = np.argsort(scores)[::-1]
    shapes = [predictor(grey, boxes[i]) for i in order]
    return np.array([[(p.x, p.y) for p in shape.parts()] for shape in shapes], np.float32).reshape(-1, 68, 2)


def fit_template(found: Floats) -> Floats:
    """The median of confirmed landmarks [N, 68, 2]: float32 [68, 2]."""
    return np.median(found, axis=0).astype(np.float32)
