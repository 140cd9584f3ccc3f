"""Faces as the device frames them: stood in a frame, found by facet, cropped by its landmarks."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from edge.alignment import CropGeometry, crop_face, landmarks_of, similarity
from edge.detectors import Detector, open_detector
from edge.types import Floats, Image
from train_keras.conditions.scores import Strict
from train_keras.framing import FRAME, nearest

SIZES = (64, 160)  # side of the published crop in a frame of 640 x 480, in pixels


class Framing(Strict):
    """How far the device's crops lie from the published ones: medians, and what 5 % exceed.

    Attributes:
        size: of the published crop in the frame, pixels; `on`: "bare" or "masked".
        found: share of the faces that the detector finds.
        shift: share of the crop's side. scale: factor, or its inverse where that is larger. rotation:
            degrees.
    """

    size: int
    on: str
    found: float
    shift: tuple[float, float]
    scale: tuple[float, float]
    rotation: tuple[float, float]


def frame(images: Image, size: int) -> tuple[Image, npt.NDArray[np.bool_], Floats]:
    """Crops of the faces that facet finds.

    Args:
        images: uint8 [N, S, S] grey, the published crops.
        size: of the crop in the frame, pixels.
    Returns:
        Crops uint8 [M, S, S]; bool [N], which faces were found; float32 [M, 3], each crop's shift as a share
        of its side, its scale, and its rotation in degrees, against the published crop.
    """
    detector, geometry = _detector(), CropGeometry(images.shape[1])
    found = np.zeros(len(images), bool)
    crops, errors = [], []
    for number, image in enumerate(images):
        picture = stand(image, size)
        face = nearest(detector.detect(picture), size)
        if face is None:
            continue
        found[number] = True
        crops.append(crop_face(picture, face, geometry))
        errors.append(_error(similarity(landmarks_of(face), geometry), size, images.shape[1]))
    return (
        np.array(crops, np.uint8).reshape(-1, *images.shape[1:]),
        found,
        np.array(errors, np.float32).reshape(-1, 3),
    )


def stand(crop: Image, size: int) -> Image:
    """The crop, `size` pixels wide, amid a frame uint8 [480, 640, 3] of its own blurred picture."""
    height, width = FRAME
    # Blurred while small: the frame's own pixels would take longer than all the rest.
    small = cv2.GaussianBlur(cv2.resize(crop, (32, 24), interpolation=cv2.INTER_AREA), (0, 0), 1.25)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    way = cv2.INTER_AREA if size < crop.shape[0] else cv2.INTER_CUBIC
    top, left = (height - size) // 2, (width - size) // 2
    picture[top : top + size, left : left + size] = cv2.resize(crop, (size, size), interpolation=way)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)


def summarise(size: int, on: str, found: npt.NDArray[np.bool_], errors: Floats) -> Framing:
    """Medians and 95th percentiles of `frame`'s errors [M, 3], M > 0."""
    away = np.column_stack([errors[:, 0], np.exp(np.abs(np.log(errors[:, 1]))), np.abs(errors[:, 2])])
    shift, scale, rotation = np.quantile(away, (0.5, 0.95), axis=0).T
    return Framing(
        size=size,
        on=on,
        found=float(found.mean()),
        shift=(float(shift[0]), float(shift[1])),
        scale=(float(scale[0]), float(scale[1])),
        rotation=(float(rotation[0]), float(rotation[1])),
    )


def _error(matrix: npt.NDArray[np.float64], size: int, side: int) -> tuple[float, float, float]:
    """Shift, scale and rotation of the map from the published crop's pixels to the device's."""
    height, width = FRAME
    corner = np.array([(width - size) // 2, (height - size) // 2])
    ratio = size / side
    linear = matrix[:, :2] * ratio
    middle = (side - 1) / 2
    in_frame = (middle + 0.5) * ratio - 0.5 + corner
    shift = matrix[:, :2] @ in_frame + matrix[:, 2] - middle
    scale = float(np.hypot(linear[0, 0], linear[1, 0]))
    rotation = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    return float(np.hypot(*shift)) / side, scale, rotation


@functools.cache
def _detector() -> Detector:
    """One a process."""
    return open_detector("facet")
