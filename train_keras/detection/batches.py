"""Batches of training pictures; the same ones for the same seed, epoch and step."""

from __future__ import annotations

import keras
import numpy as np

from edge.types import Floats, Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.detection.sampling import Mixture, Sources, sample


class PictureBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Training batches: pictures float32 [B, H, W, 3], -1 to 1, and faces float32 [B, 32, 17].

    Args:
        sources: photographs and face crops.
        size: width and height of the network's input.
        pictures: an epoch's.
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
        workers: int = 0,
    ) -> None:
        super().__init__(workers=workers, max_queue_size=6)
        self.sources, self.size, self.mixture = sources, size, mixture
        self.batch_size, self.seed, self.steps = batch_size, seed, max(1, pictures // batch_size)
        self.epoch = 0

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng((self.seed, self.epoch, step))
        made = [sample(self.sources, rng, *self.size, self.mixture) for _ in range(self.batch_size)]
        return to_input(np.stack([image for image, _ in made])), np.stack([faces for _, faces in made])


def to_input(images: Image) -> Floats:
    """Pictures uint8 [N, H, W, 3] BGR as the network reads them: float32, -1 to 1."""
    return np.asarray(images, np.float32) * np.float32(INPUT_SCALE) + np.float32(INPUT_OFFSET)
