"""Every condition a face is measured in, by families of growing severity."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from edge.types import Floats, Image
from train_keras.conditions.camera import defocused, low_light, moved, resized, shaken
from train_keras.data.faces import Rows
from train_keras.occlusion.cuttings import Cuttings, hide_side, paste_mask
from train_keras.occlusion.masked import TEST_SEED
from train_keras.occlusion.masks import Kind, draw_mask
from train_keras.occlusion.painter import paint_mask
from train_keras.occlusion.patterns import Pattern
from train_keras.occlusion.sewn import sew

Change = Callable[[Image, np.random.Generator], Image]
Wear = Callable[[Image, Floats, np.random.Generator], tuple[Image, Image]]

# How far a mask covers: where its upper edge crosses the face, as the first painter counts (`Mask.top`) and
# as the second does (`sew`'s rise).
HEIGHTS = {
    "bridge of the nose": (0.1, 0.1),
    "middle of the nose": (0.5, 0.3),
    "tip of the nose": (0.9, 0.5),
    "upper lip, nose free": (1.6, 0.8),
    "chin, mouth free": (3.2, 1.35),
}
_CHIN = 2.9  # jaw point at which a mask worn on the chin ends


@dataclass(frozen=True, slots=True)
class Step:
    """One condition.

    Attributes:
        family: what changes, as "defocus".
        name: how much, in words.
        severity: how much, as a number of the family's unit; None where kinds stand side by side.
        change: a crop uint8 [S, S] and a generator to the changed crop.
    """

    family: str
    name: str
    severity: float | None
    change: Change


@dataclass(frozen=True, slots=True)
class Worn:
    """One condition that hangs on the landmarks: as `Step`, but `wear` takes them and gives the map too."""

    family: str
    name: str
    severity: float | None
    wear: Wear


def generator(condition: Step | Worn, row: int) -> np.random.Generator:
    """The draws of one face in one condition: they depend on the face's published row and on nothing else."""
    return np.random.default_rng(
        (TEST_SEED, zlib.crc32(f"{condition.family}/{condition.name}".encode()), row)
    )


def apply(step: Step, images: Image, rows: Rows) -> Image:
    """The changed crops uint8 [N, S, S]."""
    return np.stack([step.change(i, generator(step, int(row))) for i, row in zip(images, rows, strict=True)])


def camera_steps() -> list[Step]:
    """Sizes, crop errors, light and blur; the mildest of a family first."""
    steps = [
        Step("face size", f"{s} px", s, partial(_plain, resized, s)) for s in (200, 128, 96, 64, 48, 32, 24)
    ]
    steps += [
        Step("shift", f"{100 * s:.0f} %", 100 * s, partial(_shift, s)) for s in (0.05, 0.1, 0.15, 0.2, 0.3)
    ]
    steps += [Step("scale", f"{100 * z:.0f} %", 100 * z, partial(_plain, moved, z))
              for z in (0.7, 0.8, 0.9, 1.1, 1.2, 1.4)]  # fmt: skip
    steps += [Step("rotation", f"{d}°", d, partial(_turn, d)) for d in (5, 10, 15, 20, 30, 45)]
    steps += [Step("dark", _stops(s), s, partial(_dim, s, 0)) for s in (1, 2, 3, 4, 5, 6)]
    steps += [Step("amplified", _stops(s), s, partial(_dim, s, s)) for s in (1, 2, 3, 4, 5, 6)]
    steps += [Step("defocus", f"{r} px", r, partial(_plain, defocused, r)) for r in (0.7, 1, 1.5, 2, 3, 4)]
    steps += [Step("motion", f"{n} px", n, partial(_shake, n)) for n in (2, 3, 5, 7, 9, 13)]
    return steps


def worn_steps(cuttings: Cuttings) -> list[Worn]:
    """Masks of both painters by kind and by how far they cover, real masks, and natural occlusions."""
    steps = [Worn("first painter, kinds", kind, None, partial(_paint, kind, None)) for kind in Kind]
    steps += [Worn("second painter, kinds", kind, None, partial(_sew, kind, None)) for kind in Pattern]
    for place, (name, (top, rise)) in enumerate(HEIGHTS.items()):
        steps.append(Worn("first painter, height", name, place, partial(_paint, None, top)))
        steps.append(Worn("second painter, height", name, place, partial(_sew, None, rise)))
    steps.append(Worn("natural", "real mask, pasted", None, partial(_paste, cuttings.masks)))
    steps += [Worn("side of the face", f"{100 * s:.0f} %", 100 * s, partial(_hide, cuttings.scenes, s))
              for s in (0.25, 0.4, 0.55)]  # fmt: skip
    return steps


def _stops(count: int) -> str:
    return f"{count} stop{'s' if count > 1 else ''}"


def _plain(change: Callable[[Image, float], Image], amount: float, crop: Image, rng: Any) -> Image:
    return change(crop, amount)


def _dim(stops: float, gain: float, crop: Image, rng: np.random.Generator) -> Image:
    return low_light(crop, stops, gain, rng)


def _shift(share: float, crop: Image, rng: np.random.Generator) -> Image:
    """In a direction of the face's own."""
    angle = rng.uniform(0, 2 * np.pi)
    return moved(crop, dx=share * np.cos(angle), dy=share * np.sin(angle))


def _turn(degrees: float, crop: Image, rng: np.random.Generator) -> Image:
    return moved(crop, degrees=degrees * float(rng.choice((-1, 1))))


def _shake(length: float, crop: Image, rng: np.random.Generator) -> Image:
    return shaken(crop, length, float(rng.uniform(0, 180)))


def _paint(
    kind: Kind | None, top: float | None, picture: Image, points: Floats, rng: np.random.Generator
) -> tuple[Image, Image]:
    mask = draw_mask(rng, kind, below_nose=False)
    if top is not None:
        mask = replace(mask, top=top, cheek=_CHIN if top > 2 else mask.cheek)
    return paint_mask(picture, points, mask)


def _sew(
    kind: Pattern | None, rise: float | None, picture: Image, points: Floats, rng: np.random.Generator
) -> tuple[Image, Image]:
    return sew(picture, points, rng, kind, rise)


def _paste(cuttings: Image, picture: Image, points: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    return paste_mask(picture, points, rng, cuttings)


def _hide(
    scenes: Image, share: float, picture: Image, points: Floats, rng: np.random.Generator
) -> tuple[Image, Image]:
    return hide_side(picture, points, rng, scenes, share)
