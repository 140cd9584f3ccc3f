"""What a camera, its lens and its detector do to a face: each a function of a crop and how bad it is."""

from __future__ import annotations

import cv2
import numpy as np

from edge.alignment import CropGeometry, resize_crop
from edge.types import Floats, Image

FULL_WELL = 4000  # electrons of a white pixel at full exposure, as a small sensor's
READ_NOISE = 3.0  # electrons, standard deviation
LEVELS = 1023  # of a 10-bit converter
GAMMA = 2.2
_FINE = 16  # samples a pixel, each way, of the disc


def resized(crop: Image, side: float) -> Image:
    """The crop as if the face had filled `side` pixels of a frame.

    A smaller face loses detail: it is averaged down and enlarged again. A larger one gains none, for the
    picture has no more: it only goes the device's way down again.
    """
    target, own = round(side), crop.shape[0]
    if target == own:
        return crop.copy()
    way = cv2.INTER_AREA if target < own else cv2.INTER_CUBIC
    seen = np.asarray(cv2.resize(crop, (target, target), interpolation=way), np.uint8)
    return resize_crop(seen, CropGeometry(own))


def moved(crop: Image, zoom: float = 1.0, degrees: float = 0.0, dx: float = 0.0, dy: float = 0.0) -> Image:
    """The crop cut out wrongly: the face turned and zoomed about its middle, shifted by shares of the side.

    Beyond the picture, of which nothing is known, its border is repeated.
    """
    side = crop.shape[0]
    centre = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), degrees, zoom)
    matrix[:, 2] += (dx * side, dy * side)
    turned = cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def low_light(crop: Image, stops: float, gain: float, rng: np.random.Generator) -> Image:
    """The crop with `stops` of light taken away and `gain` stops of them given back by amplification.

    Shot noise, read noise and a 10-bit converter stand before the gain, 8 bits with gamma behind it. Noise is
    a crop pixel's: a larger face, whose pixels are averaged into the crop, has less.
    """
    linear = (crop.astype(np.float64) / 255) ** GAMMA
    electrons = rng.poisson(linear * FULL_WELL * 2.0**-stops) + rng.normal(0, READ_NOISE, crop.shape)
    converted = np.round(electrons.clip(0) / FULL_WELL * LEVELS) / LEVELS
    return np.round(255 * np.clip(converted * 2.0**gain, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def defocused(crop: Image, radius: float) -> Image:
    """The crop blurred by a disc, `radius` in pixels of the crop."""
    reach = int(np.ceil(radius))
    fine = (np.arange(_FINE * (2 * reach + 1)) + 0.5) / _FINE - reach - 0.5
    inside = np.hypot(fine[:, None], fine[None]) <= radius
    return _filtered(crop, inside.reshape(2 * reach + 1, _FINE, 2 * reach + 1, _FINE).mean((1, 3)))


def shaken(crop: Image, length: float, degrees: float) -> Image:
    """The crop blurred along a line of `length` pixels of the crop."""
    reach = int(np.ceil(length / 2))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    angle = np.deg2rad(degrees)
    along = np.abs(x * np.cos(angle) + y * np.sin(angle))
    across = np.abs(y * np.cos(angle) - x * np.sin(angle))
    return _filtered(crop, np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(1 - across, 0, 1))


def _filtered(crop: Image, kernel: Floats) -> Image:
    spread = (kernel / kernel.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(crop, -1, spread, borderType=cv2.BORDER_REPLICATE), np.uint8)
