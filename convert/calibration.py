"""Faces that show the quantiser the ranges it will meet, and the temperature that makes confidence honest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.data.faces import Faces
from train_keras.predicting import resize_crops


def representative_faces(
    faces: Faces, pool: Image, count: int, seed: int, side: int | None = None
) -> Iterator[Floats]:
    """Training faces, bare and masked in turn, float32 [1, side, side, 1]; their own side by default.

    The first two hold the blackest and the whitest pixel, so that the input range is exactly the pixels'.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(faces), min(count, len(faces)), replace=False)
    for number, row in enumerate(chosen):
        image = (faces.images if number % 2 else pool[number // 2 % len(pool)])[row]
        image = resize_crops(image[None], side or len(image))[0].copy()
        if number < 2:
            image[0, 0], image[0, 1] = 0, 255
        yield scale_pixels(image[None])


def fit_temperature(probabilities: Floats, targets: Floats) -> float:
    """The temperature that gives held-out targets the least cross-entropy (Guo et al. 2017).

    Args:
        probabilities: float [N, C] of the uncalibrated network.
        targets: float [N, C] distributions.
    """
    logits = np.log(np.clip(probabilities, 1e-7, 1))
    grid = np.exp(np.linspace(np.log(0.4), np.log(3.0), 241))
    return float(grid[np.argmin([_cross_entropy(logits / t, targets) for t in grid])])


def apply_temperature(probabilities: Floats, temperature: float) -> Floats:
    """What the network would have said with its logits divided by the temperature."""
    logits = np.log(np.clip(probabilities, 1e-7, 1)) / temperature
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def fit_abstention(coarse: Floats, right: Image, accuracy: float) -> float:
    """The lowest confidence threshold above which held-out coarse answers reach an accuracy.

    Args:
        coarse: float [N, 5] calibrated probabilities.
        right: bool [N], whether the strongest of them is the crowd's.
        accuracy: the share of kept answers that must be right.
    """
    confidence = coarse.max(1)
    for threshold in np.arange(0.2, 0.95, 0.01):
        kept = confidence >= threshold
        if kept.any() and right[kept].mean() >= accuracy:
            return float(round(threshold, 2))
    return 0.95


def _cross_entropy(logits: Floats, targets: Floats) -> float:
    shifted = logits - logits.max(1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return float(-(targets * log_probabilities).sum(1).mean())
