"""dlib's HOG detector, for comparison: boxes only, and it loses most masked faces."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from edge.errors import DependencyError
from edge.types import Face, Floats, Image


class Hog:
    """dlib's frontal face detector, for faces of 80 pixels and more after shrinking.

    Args:
        longest_side: the picture is shrunk to this many pixels.
        threshold: least score; dlib's confidence, 0 at its own decision boundary, through a logistic curve.
    Raises:
        DependencyError: dlib is not installed.
    """

    name = "hog"

    def __init__(self, longest_side: int = 320, threshold: float = 0.5) -> None:
        try:
            import dlib
        except ImportError as error:
            raise DependencyError("the hog detector needs dlib: pip install dlib-bin") from error
        self._detector = dlib.get_frontal_face_detector()
        self.longest_side = longest_side
        limit = min(max(threshold, 1e-3), 1 - 1e-3)
        self._confidence = float(np.log(limit / (1 - limit)))

    def detect(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        shrink = min(1.0, self.longest_side / max(width, height))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        boxes, confidences, _ = self._detector.run(grey, 0, self._confidence)
        faces = [
            Face(_to_box(found, shrink, width, height), _score(confidence))
            for found, confidence in zip(boxes, confidences, strict=True)
        ]
        return sorted(faces, key=lambda face: -face.score)


def _to_box(found: Any, shrink: float, width: int, height: int) -> Floats:
    corners = np.array([found.left(), found.top(), found.right() + 1, found.bottom() + 1], np.float32)
    return np.asarray(np.clip(corners / shrink, 0, [width, height, width, height]), np.float32)


def _score(confidence: float) -> float:
    return float(1 / (1 + np.exp(-confidence)))
