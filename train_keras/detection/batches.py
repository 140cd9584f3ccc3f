"""Batches of training pictures; the same ones for the same seed, epoch and step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from edge.types import Floats, Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.detection.degrade import degrade
from train_keras.detection.hints import FEATURES, Guide, weights_of_cells
from train_keras.detection.sampling import Mixture, Sources, compose


class PictureBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Training batches: pictures float32 [B, H, W, 3], -1 to 1, and faces float32 [B, 32, 17].

    With a guide the second is {"cells": faces, "hints": float32 [B, N, 65]}, the guide's features of the
    pictures before they were degraded, and how much each cell's count: less from epoch to epoch.

    Args:
        sources: photographs and face crops.
        size: width and height of the network's input.
        pictures: an epoch's.
        closing: the mixture of the epochs from `closes` on; None keeps the one.
        fade: the epoch from which the guide is not asked any more.
        workers: threads that prepare batches ahead; OpenCV works outside of Python's lock.
    """

    def __init__(
        self,
        sources: Sources,
        size: tuple[int, int],
        *,
        pictures: int,
        batch_size: int,
        seed: int,
        mixture: Mixture,
        closing: Mixture | None = None,
        closes: int = 0,
        guide: Guide | None = None,
        fade: float = 1.0,
        workers: int = 0,
    ) -> None:
        super().__init__(workers=workers, max_queue_size=6)
        self.sources, self.size, self.mixture = sources, size, mixture
        self.closing, self.closes = closing, closes
        self.guide, self.fade = guide, fade
        self.batch_size, self.seed, self.steps = batch_size, seed, max(1, pictures // batch_size)
        self.epoch = 0

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[Floats, Any]:
        rng = np.random.default_rng((self.seed, self.epoch, step))
        mixture = self.closing if self.closing and self.epoch >= self.closes else self.mixture
        images, faces, hints = [], [], []
        for _ in range(self.batch_size):
            image, rows = compose(self.sources, rng, *self.size, mixture)
            if self.guide is not None:
                hints.append(self._hint(image, rows))
            images.append(degrade(image, rng, mixture.degradation))
            faces.append(rows)
        wanted = np.stack(faces)
        return to_input(np.stack(images)), {"cells": wanted, "hints": np.stack(hints)} if hints else wanted

    def _hint(self, image: Image, faces: Floats) -> Floats:
        weights = weights_of_cells(faces, *self.size) * np.float32(max(0.0, 1 - self.epoch / self.fade))
        features = self.guide(image) if self.guide and weights.any() else np.zeros((len(weights), FEATURES))
        return np.c_[features, weights].astype(np.float32)


def to_input(images: Image) -> Floats:
    """Pictures uint8 [N, H, W, 3] BGR as the network reads them: float32, -1 to 1."""
    return np.asarray(images, np.float32) * np.float32(INPUT_SCALE) + np.float32(INPUT_OFFSET)
