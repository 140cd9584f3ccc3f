"""Batches of augmented, partly masked faces; the same ones for the same seed, epoch and step."""

from __future__ import annotations

import keras
import numpy as np

from edge.types import Floats, Image
from train_keras.augment import Augmentation, augment
from train_keras.data.faces import Faces

INPUT_SCALE, INPUT_OFFSET = 1 / 128, -1.0


class FaceBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Training batches: float32 [B, S, S, 1], -1 to 1, and targets float32 [B, 7].

    Args:
        faces: the bare faces.
        pool: uint8 [V, N, S, S], the same faces under V masks.
        masked: probability that a face wears one of them.
    """

    def __init__(
        self,
        faces: Faces,
        pool: Image,
        *,
        masked: float,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
    ) -> None:
        super().__init__(workers=0)
        if len(faces) < batch_size:
            raise ValueError(f"{len(faces)} faces do not fill a batch of {batch_size}")
        self.faces, self.pool, self.masked = faces, pool, masked
        self.batch_size, self.seed, self.augmentation = batch_size, seed, augmentation
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.faces) // self.batch_size

    def __getitem__(self, step: int) -> tuple[Floats, Floats]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.faces))
        chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng((self.seed, self.epoch, step))
        variants = rng.integers(0, max(len(self.pool), 1), len(chosen))
        wears = rng.random(len(chosen)) < self.masked
        crops = [
            augment(self.pool[v, i] if w else self.faces.images[i], rng, self.augmentation)
            for i, v, w in zip(chosen, variants, wears, strict=True)
        ]
        return scale_pixels(np.stack(crops)), self.faces.targets[chosen]


def scale_pixels(crops: Image | Floats) -> Floats:
    """Grey levels [N, S, S] to what the networks read: float32 [N, S, S, 1], -1 to 1.

    A power of two, so that an int8 model's own input scale is exactly this one and pixels go in as they are.
    """
    return (np.asarray(crops, np.float32) * INPUT_SCALE + INPUT_OFFSET)[..., None]
