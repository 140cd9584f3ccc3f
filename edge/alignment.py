"""From a face in a frame to the crop a classifier was trained on.

This is the one definition of the framing: training, evaluation and the daemon all crop through it. The
classifier learned from FER2013's 48 px crops, so a face is moved, turned and scaled until its landmarks lie
where the landmarks of those crops lie; docs/framing.md shows how the choice was measured.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.scratch import Scratch
from edge.types import Face, Floats, Image

Affine = npt.NDArray[np.float64]  # [2, 3], from pixels of a picture to pixels of a crop

# Median landmarks of FER2013's training crops (`mien framing`), made symmetric.
TEMPLATE = ((0.314, 0.395), (0.686, 0.395), (0.500, 0.596), (0.341, 0.776), (0.659, 0.776))
# Where a detector without landmarks (dlib HOG) sees them, as fractions of its square box.
HOG_TEMPLATE = ((0.293, 0.302), (0.707, 0.302), (0.500, 0.536), (0.320, 0.752), (0.680, 0.752))


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """Where a face lies in its crop.

    Attributes:
        size: side of the square crop in pixels.
        template: the five landmarks in the crop, as fractions of its side.
    """

    size: int = 48
    template: tuple[tuple[float, float], ...] = TEMPLATE


def crop_face(
    image: Image, face: Face, geometry: CropGeometry = CropGeometry(), scratch: Scratch | None = None
) -> Image:
    """Cut a face out of a frame.

    Args:
        image: uint8 [H, W, 3] BGR or [H, W] grey.
        face: box and, where the detector gives them, landmarks in pixels of `image`.
        scratch: for what lies between; the crop itself is always new.
    Returns:
        uint8 [size, size] grey.
    Raises:
        ValueError: the picture is empty.
    """
    raise_if_empty(image)
    matrix = similarity(landmarks_of(face), geometry)
    return warp_grey(image, matrix, geometry.size, scratch)


def similarity(landmarks: Floats, geometry: CropGeometry) -> Affine:
    """The turn, scale and shift that brings landmarks [5, 2] closest to the template's: float64 [2, 3].

    Least squares in closed form (Umeyama 1991), without reflection.
    """
    # Plain numbers: a quarter of numpy's time for five points. Complex, so that one factor turns and scales.
    target, target_mean = _centred_template(geometry)
    source = [complex(x, y) for x, y in landmarks.tolist()]
    mean = sum(source) / len(source)
    likeness, spread = 0j, 0.0
    for point, aim in zip(source, target, strict=True):
        away = point - mean
        likeness += away.conjugate() * aim
        spread += away.real * away.real + away.imag * away.imag
    factor = likeness / max(spread, 1e-6)
    if abs(factor) < 1e-6:  # all landmarks in one point: a box without width
        factor = 1 + 0j
    shift = target_mean - factor * mean
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


@functools.lru_cache
def _centred_template(geometry: CropGeometry) -> tuple[list[complex], complex]:
    """The template's points in pixels of the crop, around their mean, and the mean."""
    points = [complex(x, y) * geometry.size - (0.5 + 0.5j) for x, y in geometry.template]
    mean = sum(points) / len(points)
    return [point - mean for point in points], mean


def landmarks_of(face: Face) -> Floats:
    """The face's landmarks, or where they usually lie in its box: float32 [5, 2]."""
    if face.landmarks is not None:
        return face.landmarks
    x0, y0, x1, y1 = face.box
    return np.array([(x0 + x * (x1 - x0), y0 + y * (y1 - y0)) for x, y in HOG_TEMPLATE], np.float32)


def warp_grey(image: Image, matrix: Affine, size: int, scratch: Scratch | None = None) -> Image:
    """Resample a picture through an affine map [2, 3] into uint8 [size, size] grey.

    A face from one and a half times the crop's size is first averaged down in whole steps, or the crop
    would alias. From four pixels on steps are even, which leaves at most one and a half again.
    """
    step = round(1 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-3))
    if step > 3:
        step -= step % 2
    if step > 1:
        image, matrix = _shrink(image, matrix, size, step, scratch or Scratch())
    crop = cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return to_grey(np.asarray(crop, np.uint8))


def _shrink(image: Image, matrix: Affine, size: int, step: int, scratch: Scratch) -> tuple[Image, Affine]:
    """Average `step` x `step` pixels of the part the crop needs, in grey, and the map from there.

    The part is a whole number of steps wide and high, for which OpenCV is several times as fast.
    """
    (a, b, right), (c, d, below) = matrix.tolist()
    scaled = a * d - b * c
    x, y = (b * below - d * right) / scaled, (c * right - a * below) / scaled  # where the crop's corner is
    height, width = image.shape[:2]
    x0, across, step_x = _steps(*_reach(d / scaled, -b / scaled, x, size), width, step)
    y0, down, step_y = _steps(*_reach(-c / scaled, a / scaled, y, size), height, step)
    part = image[y0 : y0 + down * step_y, x0 : x0 + across * step_x]
    if part.ndim == 3:
        grey = scratch.picture(*part.shape[:2])
        part = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY, dst=grey), np.uint8)
    averaged = _average(part, across, down)
    # Pixel centres: x in the picture = (x_small + 0.5) * step - 0.5 + x0.
    x, y = 0.5 * step_x - 0.5 + x0, 0.5 * step_y - 0.5 + y0
    there = (a * step_x, b * step_y, a * x + b * y + right), (c * step_x, d * step_y, c * x + d * y + below)
    return averaged, np.array(there)


def _average(picture: Image, width: int, height: int) -> Image:
    """The means of a picture's whole steps: uint8 [height, width].

    By halves as long as that goes, each rounded: OpenCV averages 2 x 2 pixels several times as fast as more.
    """
    while not (picture.shape[1] // width % 2 or picture.shape[0] // height % 2):
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _reach(across: float, down: float, corner: float, size: int) -> tuple[float, float]:
    """The least and the greatest of `across * x + down * y + corner` over a crop and a pixel around it."""
    steps = (-across, across * size), (-down, down * size)
    return corner + sum(map(min, steps)), corner + sum(map(max, steps))


def _steps(low: float, high: float, length: int, step: int) -> tuple[int, int, int]:
    """Where to begin along a side of `length` pixels, how many steps to go to cover `low` to `high` with one
    to spare, and the step, which is shorter where the whole side is.

    >>> _steps(10.2, 60.7, 640, 4), _steps(-9.0, 700.0, 641, 4), _steps(0.0, 9.0, 3, 4)
    ((6, 15, 4), (0, 160, 4), (0, 1, 3))
    """
    step = min(step, length)
    start = min(max(math.floor(low) - step, 0), length - step)
    steps = math.ceil((high + step - start) / step)
    return start, min(max(steps, 1), (length - start) // step), step


def resize_crop(image: Image, geometry: CropGeometry = CropGeometry()) -> Image:
    """Bring a picture that is a face crop already (any size, grey or BGR) to uint8 [size, size].

    Averaged where it shrinks, cubic where it grows, as in training.

    Raises:
        ValueError: the picture is empty.
    """
    raise_if_empty(image)
    grey = to_grey(image)
    shrinking = min(grey.shape) > geometry.size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    crop = cv2.resize(grey, (geometry.size, geometry.size), interpolation=interpolation)
    return np.asarray(crop, np.uint8)


def to_grey(image: Image) -> Image:
    """uint8 [H, W] of a BGR or grey picture."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def raise_if_empty(image: Image) -> None:
    """Refuse a picture without pixels, before OpenCV does so in its own words."""
    if image.size == 0:
        raise ValueError(f"the picture is empty: shape {image.shape}")
