"""Batches of augmented, partly masked faces; the same ones for the same seed, epoch and step."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import numpy.typing as npt

from edge.types import Floats, Image
from train_keras.augment import Augmentation, augment
from train_keras.data.faces import Faces, Rows
from train_keras.mixup import mix

INPUT_SCALE, INPUT_OFFSET = 1 / 128, -1.0
EXPRESSION = "expression"


class FaceBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Training batches: float32 [B, side, side, 1], -1 to 1, and targets float32 [B, C].

    Args:
        faces: the bare faces.
        pool: uint8 [V, N, S, S], the same faces under V masks.
        masked: probability that a face wears one of them.
        side: of the network's input; the faces' own by default.
        balance: 0 draws faces as they come; towards 1, rare classes come more often and frequent ones less,
            until all come equally often. An epoch stays as long.
        teacher: float32 [N, C], logits that follow the targets, which are [B, 2C] then; or [1 + V, N, C],
            those for the bare faces and for each of the V masks.
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
        side: int | None = None,
        balance: float = 0.0,
        teacher: Floats | None = None,
    ) -> None:
        super().__init__(workers=0)
        if len(faces) < batch_size:
            raise ValueError(f"{len(faces)} faces do not fill a batch of {batch_size}")
        self.faces, self.pool, self.masked = faces, pool, masked
        self.batch_size, self.seed, self.augmentation = batch_size, seed, augmentation
        self.side, self.balance = side or faces.images.shape[1], balance
        self.teacher = teacher[None] if teacher is not None and teacher.ndim == 2 else teacher
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.faces) // self.batch_size

    def __getitem__(self, step: int) -> tuple[Floats, Floats]:
        chosen = self._order()[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng((self.seed, self.epoch, step))
        variants = rng.integers(0, max(len(self.pool), 1), len(chosen))
        wears = rng.random(len(chosen)) < self.masked
        crops = [
            augment(self.pool[v, i] if w else self.faces.images[i], rng, self.augmentation)
            for i, v, w in zip(chosen, variants, wears, strict=True)
        ]
        faces = scale_pixels(np.stack([enlarge(crop, self.side) for crop in crops]))
        faces, targets = self.mixed(faces, {EXPRESSION: self.targets(chosen, variants, wears)}, rng)
        return faces, targets[EXPRESSION]

    def mixed(
        self, faces: Floats, targets: dict[str, Floats], rng: np.random.Generator
    ) -> tuple[Floats, dict[str, Floats]]:
        """The batch, its faces laid over each other where the augmentation says so."""
        alpha = self.augmentation.mixup
        return mix(faces, targets, rng, alpha) if alpha else (faces, targets)

    def targets(self, chosen: Rows, variants: Rows, wears: npt.NDArray[np.bool_]) -> Floats:
        """What faces are to be answered with, float32 [B, C] or, with a teacher, [B, 2C].

        Args:
            chosen: the faces.
            variants: the mask of each.
            wears: whether it wears that mask.
        """
        labels = self.faces.targets[chosen]
        if self.teacher is None:
            return labels
        shown = np.where(wears, 1 + variants, 0) if len(self.teacher) > 1 else 0
        return np.hstack([labels, self.teacher[shown, chosen]])

    def _order(self) -> Rows:
        """The rows of this epoch."""
        rng = np.random.default_rng((self.seed, self.epoch))
        if not self.balance:
            return rng.permutation(len(self.faces))
        classes = self.faces.classes
        rarity = (1.0 / np.bincount(classes)[classes]) ** self.balance
        # Each face comes as often as its share of the epoch says: the whole part surely, the rest by chance.
        often = rarity * (len(classes) / rarity.sum())
        times = np.floor(often + rng.random(len(often))).astype(int)
        rows = np.repeat(np.arange(len(classes)), times)
        spare = rng.permutation(len(classes))
        return np.concatenate([rng.permutation(rows), spare])[: len(classes)]


def enlarge(crop: Image | Floats, side: int) -> Floats:
    """A grey crop as float32 [side, side], 0 to 255, cubic; unchanged where it has that side."""
    exact = np.asarray(crop, np.float32)
    if len(exact) == side:
        return exact
    large = cv2.resize(exact, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 255), np.float32)


def scale_pixels(crops: Image | Floats) -> Floats:
    """Grey levels [N, S, S] to what the networks read: float32 [N, S, S, 1], -1 to 1.

    A power of two, so that an int8 model's own input scale is exactly this one and pixels go in as they are.
    """
    return (np.asarray(crops, np.float32) * INPUT_SCALE + INPUT_OFFSET)[..., None]
