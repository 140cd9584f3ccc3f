"""What a mask looks like: kinds, cuts and cloths, drawn at random from a generator.

A cloth is rendered over mask coordinates: `u` runs from -1 at the left cheek over 0 at the nose to 1 at
the right cheek, `v` from 0 at the upper edge to 1 at the chin. Colours are BGR reflectances, 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from edge.types import Floats
from train_keras.occlusion.creases import crease


class Kind(StrEnum):
    SURGICAL = "surgical"
    N95 = "n95"
    CLOTH = "cloth"
    PATTERNED = "patterned"
    DARK = "dark"
    CREASED = "creased"


# Creased masks came later: they have no share, so that the standard test's masks stay what they are.
SHARES = {Kind.SURGICAL: 0.38, Kind.N95: 0.16, Kind.CLOTH: 0.16, Kind.PATTERNED: 0.14, Kind.DARK: 0.16}
_CREASED = (0.35, 0.25, 0.15, 0.1, 0.15)  # which of these a creased mask is made of
BELOW_NOSE = 0.08

_COLOURS = {
    Kind.SURGICAL: (
        (0.86, 0.74, 0.55), (0.90, 0.82, 0.68), (0.93, 0.93, 0.91), (0.78, 0.80, 0.55), (0.82, 0.76, 0.88),
    ),
    Kind.N95: ((0.94, 0.94, 0.93), (0.88, 0.90, 0.91), (0.80, 0.80, 0.80)),
    Kind.CLOTH: (
        (0.55, 0.40, 0.30), (0.30, 0.30, 0.62), (0.45, 0.55, 0.35), (0.65, 0.65, 0.68), (0.35, 0.50, 0.70),
        (0.70, 0.60, 0.75), (0.80, 0.84, 0.86),
    ),
    Kind.PATTERNED: (
        (0.85, 0.85, 0.85), (0.25, 0.25, 0.55), (0.60, 0.35, 0.25), (0.30, 0.50, 0.35), (0.15, 0.15, 0.16),
        (0.40, 0.65, 0.85), (0.55, 0.45, 0.75),
    ),
    Kind.DARK: ((0.06, 0.06, 0.06), (0.10, 0.09, 0.09), (0.16, 0.10, 0.08), (0.18, 0.18, 0.18)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mask:
    """One mask, before it meets a face.

    Attributes:
        kind: what it is made of.
        colour: BGR reflectance of the cloth; `second` of its pattern.
        top: where the upper edge crosses the nose, 0 between the eyes to 1 at the tip; above 1 the mask
            hangs below the nose, towards the upper lip at 2.
        cheek: how far up the upper edge ends on the cheeks, in jaw points from the ear.
        slack: how far the sides stand off the jaw, as a fraction of the face's width.
        drop: how far it reaches below the chin, likewise.
        tilt: sideways slope of the upper edge, likewise.
        loops: colour of the ear loops; None where they are hidden by hair or tied behind the head.
        seed: for its folds, weave and pattern.
    """

    kind: Kind
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    top: float
    cheek: float
    slack: float
    drop: float
    tilt: float
    loops: tuple[float, float, float] | None
    seed: int


def draw_mask(rng: np.random.Generator, kind: Kind | None = None, below_nose: bool | None = None) -> Mask:
    """Choose a mask. `kind` and `below_nose` are drawn too unless they are given."""
    if kind is None:
        kind = list(SHARES)[rng.choice(len(SHARES), p=list(SHARES.values()))]
    if below_nose is None:
        below_nose = rng.random() < BELOW_NOSE
    creased = kind is Kind.CREASED
    palette = _COLOURS[rng.choice(list(SHARES), p=_CREASED) if creased else kind]
    first, second = rng.choice(len(palette), 2, replace=False)
    tint = rng.normal(0.0, 0.025, 3)
    colour = tuple(np.clip(np.array(palette[first]) + tint, 0.03, 0.97))
    loop_colour = (0.08, 0.08, 0.08) if kind is Kind.DARK or rng.random() < 0.12 else (0.9, 0.9, 0.9)
    return Mask(
        kind=kind,
        colour=colour,
        second=palette[second],
        top=rng.uniform(1.25, 1.8) if below_nose else rng.uniform(0.1 if creased else 0.22, 0.72),
        cheek=rng.uniform(0.5 if creased else 1.2, 2.6),
        slack=rng.uniform(-0.01, 0.045 if creased else 0.035),
        drop=rng.uniform(0.0, 0.07),
        tilt=rng.normal(0.0, 0.012),
        loops=loop_colour if rng.random() < 0.85 else None,
        seed=int(rng.integers(2**31)),
    )


def render_cloth(mask: Mask, u: Floats, v: Floats) -> Floats:
    """Light reflected by the cloth under an even light.

    Args:
        u, v: float32 [H, W] mask coordinates.
    Returns:
        float32 [H, W, 3] BGR; the colour times relief, about 0 to 1.
    """
    rng = np.random.default_rng(mask.seed)
    colour = np.empty((*u.shape, 3), np.float32)
    colour[:] = mask.colour
    if mask.kind is Kind.PATTERNED:
        ink = _pattern(rng, u, v)[..., None]
        colour += ink * (np.array(mask.second, np.float32) - colour)
    relief = _RELIEFS[mask.kind](rng, u, v)
    relief = relief * _roundness(u, v) * (1.0 + 0.05 * _crumple(rng, u.shape))
    return colour * relief[..., None]


def _roundness(u: Floats, v: Floats) -> Floats:
    """A cloth bent round a head: darker to the sides and beneath the chin."""
    sides = 1.0 - 0.30 * np.clip(np.abs(u), 0, 1.2) ** 2.5
    beneath = 1.0 - 0.30 * np.clip((v - 0.72) / 0.28, 0, 1.2) ** 2
    return sides * beneath


def _pleats(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """Three or four folds across, hanging a little, each with a lit ridge and a shaded edge; a nose wire."""
    hang = v + 0.10 * u * u * rng.uniform(0.3, 1.6)
    count = int(rng.integers(3, 5))
    start, end = rng.uniform(0.26, 0.34), rng.uniform(0.66, 0.78)
    relief = np.ones_like(u)
    for centre in np.linspace(start, end, count):
        distance = (hang - centre) / 0.022
        relief -= rng.uniform(0.12, 0.24) * np.exp(-(distance**2))
        relief += rng.uniform(0.04, 0.09) * np.exp(-((distance + 2.2) ** 2) / 2)
    wire = np.exp(-(((v - 0.05) / 0.015) ** 2)) * (np.abs(u) < 0.5)
    return relief - 0.10 * wire


def _cup(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """A stiff cup: a bright dome, a seam down the middle or across, and a pressed rim."""
    dome = 0.86 + 0.26 * np.exp(-((u / 0.55) ** 2) - ((v - 0.42) / 0.38) ** 2)
    if rng.random() < 0.55:
        seam = np.exp(-((u / 0.03) ** 2))
    else:
        seam = np.exp(-(((v - 0.36 - 0.05 * u * u) / 0.02) ** 2)) + np.exp(
            -(((v - 0.68 + 0.08 * u * u) / 0.02) ** 2)
        )
    rim = np.exp(-(((np.abs(u) - 0.86) / 0.03) ** 2))
    return dome - 0.16 * seam - 0.08 * rim


def _drape(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """Soft cloth drawn over nose and chin: a seam down the middle and a few slanting folds."""
    relief = 1.0 + 0.10 * np.exp(-(((v - 0.25) / 0.2) ** 2) - (u / 0.3) ** 2)
    relief -= rng.uniform(0.0, 0.14) * np.exp(-(((u - rng.normal(0, 0.02)) / 0.022) ** 2))
    for _ in range(int(rng.integers(2, 5))):
        side = rng.choice((-1, 1))
        line = v - rng.uniform(0.2, 0.8) - side * rng.uniform(0.1, 0.5) * u
        relief -= rng.uniform(0.05, 0.14) * np.exp(-((line / 0.035) ** 2)) * (side * u > 0.15)
    hem = np.exp(-(((v - 0.045) / 0.012) ** 2)) + np.exp(-(((v - 0.955) / 0.012) ** 2))
    return relief - 0.10 * hem


_RELIEFS = {
    Kind.SURGICAL: _pleats,
    Kind.N95: _cup,
    Kind.CLOTH: _drape,
    Kind.PATTERNED: _drape,
    Kind.DARK: _drape,
    Kind.CREASED: crease,
}


def _crumple(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Uneven cloth: smooth noise, float32 [H, W], about unit variance."""
    height, width = shape[:2]
    coarse = rng.standard_normal((9, 9)).astype(np.float32)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return noise + 0.5 * rng.standard_normal(shape).astype(np.float32)


def _pattern(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """How much of the second colour shows, float32 [H, W], 0 to 1."""
    angle, count = rng.uniform(0, np.pi), rng.uniform(5, 13)
    a = (np.cos(angle) * u + np.sin(angle) * v) * count
    b = (-np.sin(angle) * u + np.cos(angle) * v) * count
    match int(rng.integers(5)):
        case 0:  # stripes
            ink = np.sin(a * 2.5) * 3
        case 1:  # dots
            ink = 4 * (np.cos(a * 2) * np.cos(b * 2) - 0.45)
        case 2:  # checks
            ink = np.sign(np.sin(a * 2)) * np.sign(np.sin(b * 2)) * 3
        case 3:  # tartan
            ink = 1.3 * (np.sin(a * 2) + np.sin(b * 2)) + 0.7 * np.sin(a * 6)
        case _:  # flowers or camouflage
            blobs = cv2.resize(
                rng.standard_normal((14, 14)).astype(np.float32), u.shape[::-1], interpolation=cv2.INTER_CUBIC
            )
            ink = 4 * (blobs - rng.uniform(0.0, 0.5))
    return np.clip(ink * 0.5 + 0.5, 0, 1).astype(np.float32)
