"""What a training face goes through: the errors of a detector's box, of a lens and of a sensor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Floats, Image


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths. Geometry as fractions of the crop's side or degrees, light as fractions of full scale.

    Attributes:
        rotation, shift, zoom, aspect: standard deviations of the box's error.
        flip: probability of a mirrored face.
        brightness, contrast: standard deviations.
        noise: largest standard deviation of the sensor's noise.
        resample: probability that the face was smaller or softer than the crop.
        erase: probability that a patch is hidden.
    """

    rotation: float = 8.0
    shift: float = 0.045
    zoom: float = 0.08
    aspect: float = 0.04
    flip: float = 0.5
    brightness: float = 0.10
    contrast: float = 0.20
    noise: float = 0.03
    resample: float = 0.35
    erase: float = 0.0


def augment(image: Image, rng: np.random.Generator, strength: Augmentation) -> Floats:
    """One altered copy of a face.

    Args:
        image: uint8 [S, S] grey.
    Returns:
        float32 [S, S], 0 to 255.
    """
    side = image.shape[0]
    r = rng.standard_normal(8)
    draw = rng.random(6)
    angle = np.deg2rad(np.clip(r[0], -2.5, 2.5) * strength.rotation)
    zoom = np.exp(np.clip(r[1], -2.5, 2.5) * strength.zoom)
    stretch = np.exp(np.clip(r[2], -2.5, 2.5) * strength.aspect)
    mirror = -1.0 if draw[0] < strength.flip else 1.0
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    linear = np.array([[cos * stretch * mirror, -sin / stretch], [sin * stretch * mirror, cos / stretch]])
    centre = (side - 1) / 2
    shift = np.clip(r[3:5], -2.5, 2.5) * strength.shift * side
    offset = centre + shift - linear @ np.array([centre, centre])
    matrix = np.column_stack([linear, offset])
    flags = cv2.INTER_CUBIC if draw[1] < 0.5 else cv2.INTER_LINEAR
    warped = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    face = np.asarray(warped, np.uint8)
    if draw[2] < strength.resample:
        face = _resample(face, draw[3])
    out = face.astype(np.float32)
    mean = float(out.mean())
    # float(): a scalar of numpy's would turn the picture into float64.
    contrast, brightness = float(np.exp(r[5] * strength.contrast)), float(strength.brightness * r[6])
    out = (out - mean) * contrast + mean + 255 * brightness
    out += rng.standard_normal(out.shape, np.float32) * float(255 * strength.noise * draw[4] ** 2)
    if draw[5] < strength.erase:
        _erase(out, rng)
    return np.clip(out, 0, 255, out=out)


def _resample(face: Image, draw: float) -> Image:
    """Softer, as a face of 20 to 44 px enlarged, or blurred by the lens."""
    side = face.shape[0]
    if draw < 0.6:
        small = round(side * (0.42 + 0.83 * draw))
        little = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
        softer = cv2.resize(little, (side, side), interpolation=cv2.INTER_LINEAR)
    else:
        softer = cv2.GaussianBlur(face, (0, 0), 0.3 + 1.8 * (draw - 0.6))
    return np.asarray(softer, np.uint8)


def _erase(face: Floats, rng: np.random.Generator) -> None:
    side = face.shape[0]
    height, width = rng.integers(side // 8, side // 3, 2)
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    face[top : top + height, left : left + width] = rng.uniform(0, 255)
