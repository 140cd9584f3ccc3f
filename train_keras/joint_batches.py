"""Batches for the joint network: faces, what covers them and where their landmarks are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge.types import Floats, Image
from train_keras.augment import MIRRORED, Augmentation, augment_with
from train_keras.batches import FaceBatches, enlarge, scale_pixels
from train_keras.data.faces import Faces
from train_keras.matching import Shown
from train_keras.models.joint.fopm import SIGMA

OUTPUTS = ("expression", "occlusion", "landmarks", "masked")
MATCHED = ("features", "attention")  # with a teacher whose sight is matched


class JointBatches(FaceBatches):
    """The batches `FaceBatches` makes from the same seed, with a target for each of the network's outputs.

    A batch is float32 [B, side, side, 1], -1 to 1, and a dict of "expression" float32 [B, C], [B, 2C] where a
    teacher's logits follow, "occlusion" float32 [B, h, h, 1], 0 bare to 1 covered, "landmarks" float32
    [B, h, h, 68], heat maps, and "masked" float32 [B, 1], whether a mask was put on. Where a teacher is
    matched, "features" float32 [B, D] are those of the bare face, and "attention" float32 [B, h, h, 2] is its
    attention to that, 0 to 1, and how much of each cell is still seen.

    Args:
        faces: the bare faces.
        pool: uint8 [V, N, S, S], the same faces under V masks.
        maps: uint8 [V, N, S, S], what each mask covers: 0 nothing of a pixel to 255 all of it.
        points: float32 [N, 68, 2], landmarks in pixels of the bare faces.
        masked: probability that a face wears one of the masks.
        side: of the network's input; the faces' own by default.
        cells: side h of the maps; a quarter of `side` by default.
        outputs: of the network; other targets are left out.
        teacher: float32 [N, C] or [1 + V, N, C], logits that follow the expression's targets.
        shown: what a teacher sees in the bare faces.
        look: side h of the attention; an eighth of `side` by default.
    Raises:
        ValueError: pool, maps and points do not belong to these faces, an unknown output, or too few faces.
    """

    def __init__(
        self,
        faces: Faces,
        pool: Image,
        maps: Image,
        points: Floats,
        *,
        masked: float,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
        side: int | None = None,
        cells: int | None = None,
        outputs: Sequence[str] = OUTPUTS,
        balance: float = 0.0,
        teacher: Floats | None = None,
        shown: Shown | None = None,
        look: int | None = None,
    ) -> None:
        super().__init__(
            faces,
            pool,
            masked=masked,
            batch_size=batch_size,
            seed=seed,
            augmentation=augmentation,
            side=side,
            balance=balance,
            teacher=teacher,
        )
        if maps.shape != pool.shape or pool.shape[1:] != faces.images.shape:
            raise ValueError(
                f"pool and maps need the shape [variants, *{faces.images.shape}], "
                f"got {pool.shape} and {maps.shape}"
            )
        if points.shape != (len(faces), len(MIRRORED), 2):
            raise ValueError(f"points needs the shape {(len(faces), len(MIRRORED), 2)}, got {points.shape}")
        if unknown := set(outputs) - {*OUTPUTS, *MATCHED}:
            known = ", ".join((*OUTPUTS, *MATCHED))
            raise ValueError(f"no target for {', '.join(sorted(unknown))}: outputs are {known}")
        if shown is None and set(MATCHED) & set(outputs):
            raise ValueError("features and attention are a teacher's: name it in [matching]")
        self.maps, self.points, self.cells, self.outputs = (
            maps,
            points,
            cells or self.side // 4,
            tuple(outputs),
        )
        self.shown, self.look = shown, look or self.side // 8

    def __getitem__(self, step: int) -> tuple[Floats, dict[str, Floats]]:  # type: ignore[override]
        chosen = self._order()[step * self.batch_size : (step + 1) * self.batch_size]
        rng = np.random.default_rng((self.seed, self.epoch, step))
        variants = rng.integers(0, max(len(self.pool), 1), len(chosen))
        wears = rng.random(len(chosen)) < self.masked
        bare = np.zeros_like(self.faces.images[0])
        attention = self.shown.attention if self.shown else np.broadcast_to(bare, self.faces.images.shape)
        pictures, covers, points = zip(
            *(
                augment_with(
                    self.pool[v, i] if w else self.faces.images[i],
                    np.dstack([self.maps[v, i] if w else bare, attention[i]]),
                    self.points[i],
                    rng,
                    self.augmentation,
                )
                for i, v, w in zip(chosen, variants, wears, strict=True)
            ),
            strict=True,
        )
        covers, looks = np.moveaxis(np.stack(covers), -1, 0)
        faces = scale_pixels(np.stack([enlarge(picture, self.side) for picture in pictures]))
        targets = {"expression": self.targets(chosen, variants, wears)}
        if "occlusion" in self.outputs:
            targets["occlusion"] = np.stack([occlusion_map(cover, self.cells) for cover in covers])
        if "landmarks" in self.outputs:
            targets["landmarks"] = heat_maps(np.stack(points), len(bare), self.cells)
        if "masked" in self.outputs:
            targets["masked"] = wears[:, np.newaxis].astype(np.float32)
        if self.shown and "features" in self.outputs:
            targets["features"] = self.shown.features[chosen]
        if self.shown and "attention" in self.outputs:
            targets["attention"] = np.stack(
                [
                    np.dstack([occlusion_map(look, self.look), 1 - occlusion_map(cover, self.look)])
                    for look, cover in zip(looks, covers, strict=True)
                ]
            )
        return self.mixed(faces, targets, rng)


def occlusion_map(cover: Image, cells: int) -> Floats:
    """Share of each cell that is covered: uint8 [S, S] to float32 [cells, cells, 1], 0 to 1."""
    how = cv2.INTER_AREA if cells < len(cover) else cv2.INTER_LINEAR
    resized = cv2.resize(cover.astype(np.float32), (cells, cells), interpolation=how)
    return (resized / 255)[..., None].astype(np.float32)


def heat_maps(points: Floats, side: int, cells: int, sigma: float = SIGMA) -> Floats:
    """A Gaussian a landmark, 1 where it is; blank where it has left the picture.

    Args:
        points: float [B, 68, 2], x, y in pixels of pictures of that side.
        sigma: in cells.
    Returns:
        float32 [B, cells, cells, 68].
    """
    centres = (np.asarray(points, np.float32) + 0.5) * (cells / side) - 0.5
    places = np.arange(cells, dtype=np.float32)[:, None]
    # exp(-(x² + y²)) is a product: an exponential a row and a column, not one a cell.
    across, down = (
        np.exp(-0.5 * ((places - centres[:, None, :, axis]) / np.float32(sigma)) ** 2) for axis in (0, 1)
    )
    return down[:, :, None] * across[:, None]
