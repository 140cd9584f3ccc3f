"""What light, lens, sensor and compression do to a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Image


@dataclass(frozen=True, slots=True)
class Degradation:
    """Probabilities of each fault; its strength is drawn anew for every picture.

    Attributes:
        grey: the picture has no colour.
        light: contrast, brightness and gamma are off.
        colour: hue and saturation are off, or the light has a colour.
        dark: low light, that is dark and noisy.
        blur, motion: out of focus; the camera or the face moved.
        noise: of the sensor.
        compression: JPEG's blocks.
    """

    grey: float = 0.12
    light: float = 0.7
    colour: float = 0.4
    dark: float = 0.08
    blur: float = 0.12
    motion: float = 0.08
    noise: float = 0.2
    compression: float = 0.25


def degrade(image: Image, rng: np.random.Generator, chance: Degradation) -> Image:
    """One worse copy of a picture, uint8 [H, W, 3]."""
    draw = rng.random(8)
    if draw[0] < chance.colour:
        image = _recolour(image, rng)
    if draw[1] < chance.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    if draw[2] < chance.motion:
        image = np.asarray(cv2.filter2D(image, -1, _streak(rng)), np.uint8)
    if draw[3] < chance.light:
        image = np.asarray(cv2.LUT(image, _tone(rng, 1.0)), np.uint8)
    if draw[4] < chance.dark:
        dim = np.asarray(cv2.LUT(image, _tone(rng, rng.uniform(0.15, 0.5))), np.uint8)
        image = _add_noise(dim, rng, rng.uniform(3, 12))
    elif draw[5] < chance.noise:
        image = _add_noise(image, rng, rng.uniform(1, 8))
    if draw[6] < chance.grey:
        image = np.asarray(
            cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8
        )
    if draw[7] < chance.compression:
        quality = int(rng.integers(20, 80))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(image, np.uint8)


def _tone(rng: np.random.Generator, exposure: float) -> Image:
    """A curve of 256 grey levels: gamma, contrast around the middle, brightness."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.25))
    levels = (levels - 0.5) * np.exp(rng.normal(0, 0.2)) + 0.5 + rng.normal(0, 0.08)
    return np.asarray(np.clip(255 * exposure * levels, 0, 255), np.uint8)


def _recolour(image: Image, rng: np.random.Generator) -> Image:
    """Another white balance and another saturation."""
    gains = np.exp(rng.normal(0, 0.12, 3))
    keep = np.exp(rng.normal(0, 0.35))  # saturation
    grey = np.array([0.114, 0.587, 0.299])
    mix = np.diag(gains) @ (keep * np.eye(3) + (1 - keep) * np.ones((3, 1)) * grey)
    return np.asarray(cv2.transform(image, mix), np.uint8)


def _streak(rng: np.random.Generator) -> np.ndarray:
    """The path of a point while the shutter is open: a line of 3 to 9 pixels in any direction."""
    length = int(rng.integers(3, 10))
    kernel = np.zeros((9, 9), np.float32)
    angle = rng.uniform(0, np.pi)
    along = np.linspace(-(length - 1) / 2, (length - 1) / 2, 4 * length)
    kernel[
        np.round(4 + along * np.sin(angle)).astype(int), np.round(4 + along * np.cos(angle)).astype(int)
    ] = 1
    return kernel / kernel.sum()


def _add_noise(image: Image, rng: np.random.Generator, deviation: float) -> Image:
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(deviation)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)
