"""What a training face goes through: the errors of a detector's box, of a lens and of a sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge.types import Floats, Image

Draws = npt.NDArray[np.float64]
Patch = tuple[slice, slice]
# Which of the 68 landmarks takes each one's place in a mirrored face: jaw, brows, nose, eyes, lips.
MIRRORED = np.array([
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65,
])  # fmt: skip


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
        mixup: how evenly two faces of a batch are laid over each other (`train_keras.mixup`); 0 for not at
            all.
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
    mixup: Annotated[float, Field(ge=0)] = 0.0


def augment(image: Image, rng: np.random.Generator, strength: Augmentation) -> Floats:
    """One altered copy of a face.

    Args:
        image: uint8 [S, S] grey.
    Returns:
        float32 [S, S], 0 to 255.
    """
    normal, uniform = rng.standard_normal(8), rng.random(6)
    matrix = _geometry(normal, uniform, strength, image.shape[0])
    return _picture(image, matrix, normal, uniform, rng, strength)[0]


def augment_with(
    image: Image, cover: Image, points: Floats, rng: np.random.Generator, strength: Augmentation
) -> tuple[Floats, Image, Floats]:
    """One altered copy of a face together with what is known of its pixels.

    The picture is the one `augment` makes from the same generator.

    Args:
        image: uint8 [S, S] grey.
        cover: uint8 [S, S], its occlusion map, 0 bare to 255 covered; or [S, S, K], that first and other maps
            of the same pixels.
        points: float [68, 2], its landmarks x, y in pixels; the centre of the first pixel is 0, 0.
    Returns:
        The picture float32 [S, S], 0 to 255; the map or maps of the same pixels, uint8, 255 in an erased
        patch, which counts as covered; the landmarks in them, float32 [68, 2], in a mirrored picture
        renumbered so that each is again on its side.
    Raises:
        ValueError: the map is of another size than the picture, or there are no 68 points.
    """
    fits = cover.shape[:2] == image.shape and cover.ndim <= 3 and cover.shape[2:] != (1,)
    if not fits or np.shape(points) != (len(MIRRORED), 2):
        raise ValueError(
            f"a picture {image.shape} needs an occlusion map of its size and 68 points, "
            f"got {cover.shape} and {np.shape(points)}"
        )
    side = image.shape[0]
    normal, uniform = rng.standard_normal(8), rng.random(6)
    matrix = _geometry(normal, uniform, strength, side)
    picture, erased = _picture(image, matrix, normal, uniform, rng, strength)
    # Replicated beyond the border as the picture is: a mask that leaves the crop goes on there.
    warped = cv2.warpAffine(
        cover, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if erased is not None:
        warped[erased] = 255
    moved = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    if _mirrors(uniform, strength):
        moved = moved[MIRRORED]
    return picture, np.asarray(warped, np.uint8), moved.astype(np.float32)


def _geometry(normal: Draws, uniform: Draws, strength: Augmentation, side: int) -> Draws:
    """From pixels of the face to pixels of its altered copy: float64 [2, 3]."""
    angle = np.deg2rad(np.clip(normal[0], -2.5, 2.5) * strength.rotation)
    zoom = np.exp(np.clip(normal[1], -2.5, 2.5) * strength.zoom)
    stretch = np.exp(np.clip(normal[2], -2.5, 2.5) * strength.aspect)
    mirror = -1.0 if _mirrors(uniform, strength) else 1.0
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    linear = np.array([[cos * stretch * mirror, -sin / stretch], [sin * stretch * mirror, cos / stretch]])
    centre = (side - 1) / 2
    shift = np.clip(normal[3:5], -2.5, 2.5) * strength.shift * side
    offset = centre + shift - linear @ np.array([centre, centre])
    return np.column_stack([linear, offset])


def _mirrors(uniform: Draws, strength: Augmentation) -> bool:
    return bool(uniform[0] < strength.flip)


def _picture(
    image: Image,
    matrix: Draws,
    normal: Draws,
    uniform: Draws,
    rng: np.random.Generator,
    strength: Augmentation,
) -> tuple[Floats, Patch | None]:
    """The altered copy, and the patch of it that was erased."""
    side = image.shape[0]
    flags = cv2.INTER_CUBIC if uniform[1] < 0.5 else cv2.INTER_LINEAR
    warped = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    face = np.asarray(warped, np.uint8)
    if uniform[2] < strength.resample:
        face = _resample(face, uniform[3])
    out = face.astype(np.float32)
    mean = float(out.mean())
    # float(): a scalar of numpy's would turn the picture into float64.
    contrast, brightness = (
        float(np.exp(normal[5] * strength.contrast)),
        float(strength.brightness * normal[6]),
    )
    out = (out - mean) * contrast + mean + 255 * brightness
    out += rng.standard_normal(out.shape, np.float32) * float(255 * strength.noise * uniform[4] ** 2)
    erased = _erase(out, rng) if uniform[5] < strength.erase else None
    return np.clip(out, 0, 255, out=out), erased


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


def _erase(face: Floats, rng: np.random.Generator) -> Patch:
    side = face.shape[0]
    height, width = rng.integers(side // 8, side // 3, 2)
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    patch = slice(top, top + height), slice(left, left + width)
    face[patch] = rng.uniform(0, 255)
    return patch
