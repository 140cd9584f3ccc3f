"""Flat mask patterns, drawn as a tailor cuts them: the cloth of the second painter, `sewn.py`.

A pattern is drawn on a flat sheet with lines, polygons and print, and hung on a face afterwards. It shares
nothing with the first painter, which renders a cloth's folds from formulas over the face it covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Floats, Image

SHEET = (128, 192)  # rows and columns
ACROSS, DOWN = (
    (-1.5, 1.5),
    (-0.1, 1.15),
)  # what they span: u from cheek to cheek (-1 to 1), v from edge to chin

Points = npt.NDArray[np.float64]
_RIGHT_HALF = {  # outlines [u, v] from the nose down to the chin; the left half is its mirror image
    "box": (
        (0.0, 0.0), (0.35, 0.02), (0.7, 0.06), (1.0, 0.08),
        (0.98, 0.55), (0.8, 0.88), (0.4, 1.0), (0.0, 1.02),
    ),
    "shell": (
        (0.0, -0.04), (0.2, 0.02), (0.6, 0.1), (1.02, 0.22),
        (0.95, 0.5), (0.6, 0.9), (0.25, 1.03), (0.0, 1.06),
    ),
    "cloth": (
        (0.0, -0.02), (0.25, 0.06), (0.6, 0.12), (1.04, 0.04),
        (1.02, 0.7), (0.75, 0.92), (0.3, 1.03), (0.0, 1.0),
    ),
}  # fmt: skip


class Pattern(StrEnum):
    SURGICAL = "surgical"
    FFP2 = "ffp2"
    CLOTH = "cloth"
    PRINTED = "printed"
    DARK = "dark"


# Outline, and least and most reflectance of the cloth.
_CUTS = {
    Pattern.SURGICAL: ("box", 0.62, 0.92),
    Pattern.FFP2: ("shell", 0.80, 0.96),
    Pattern.CLOTH: ("cloth", 0.25, 0.75),
    Pattern.PRINTED: ("cloth", 0.15, 0.90),
    Pattern.DARK: ("cloth", 0.04, 0.14),
}


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A drawn pattern.

    Attributes:
        reflectance: float32 `SHEET`, 0 to 1.
        coverage: float32 `SHEET`, 0 to 1.
    """

    reflectance: Floats
    coverage: Floats


def draw_pattern(kind: Pattern, rng: np.random.Generator) -> Sheet:
    """Draw one pattern of a kind; its shade, seams and print come from the generator."""
    outline, least, most = _CUTS[kind]
    shade = float(rng.uniform(least, most))
    cloth = np.full(SHEET, shade, np.float32)
    cut = _mirrored(_RIGHT_HALF[outline])
    coverage = np.zeros(SHEET, np.uint8)
    if rng.random() < 0.8:
        _bands(coverage, cloth, 0.1 if kind is Pattern.DARK else 0.9, rng)
    inside = np.zeros(SHEET, np.uint8)
    cv2.fillPoly(inside, [_pixels(cut)], 255, cv2.LINE_AA, shift=4)
    cloth[inside > 0] = shade
    _DRESS[kind](cloth, rng)
    cv2.polylines(cloth, [_pixels(cut)], True, 0.8 * shade, 2, cv2.LINE_AA, shift=4)
    coverage = np.maximum(coverage, inside)
    return Sheet(cloth.clip(0.02, 1), coverage.astype(np.float32) / np.float32(255))


def _mirrored(half: tuple[tuple[float, float], ...]) -> Points:
    right = np.array(half)
    left = right[-2:0:-1] * (-1, 1)
    return np.concatenate([right, left])


def _pixels(points: Points) -> npt.NDArray[np.int32]:
    """Pattern coordinates [N, 2] in fixed-point pixels of the sheet."""
    span = np.array([ACROSS[1] - ACROSS[0], DOWN[1] - DOWN[0]])
    return np.round((points - (ACROSS[0], DOWN[0])) / span * (SHEET[1], SHEET[0]) * 16).astype(np.int32)


def _line(cloth: Floats, points: list[tuple[float, float]], shade: float, thickness: int = 1) -> None:
    cv2.polylines(cloth, [_pixels(np.array(points))], False, shade, thickness, cv2.LINE_AA, shift=4)


def _bands(coverage: Image, cloth: Floats, shade: float, rng: np.random.Generator) -> None:
    """Elastic bands from the corners outwards, to where the ears are."""
    for side in (-1, 1):
        for start, end in ((0.12, 0.0), (0.75, float(rng.uniform(0.25, 0.45)))):
            band = _pixels(np.array([[side * 0.9, start], [side * 1.45, end]]))
            cv2.polylines(coverage, [band], False, 255, 2, cv2.LINE_AA, shift=4)
            cv2.polylines(cloth, [band], False, shade, 4, cv2.LINE_AA, shift=4)


def _pleated(cloth: Floats, rng: np.random.Generator) -> None:
    """Three pleats lying on each other like tiles, welded strips at the sides, a wire over the nose."""
    v = np.linspace(*DOWN, SHEET[0], dtype=np.float32)
    count, first, last = 3, float(rng.uniform(0.22, 0.3)), float(rng.uniform(0.68, 0.8))
    tiles = np.clip((v - first) / (last - first) * count, 0, count)
    cloth *= (1 + 0.1 * (tiles % 1) - 0.06)[:, None]
    for edge in np.linspace(first, last, count + 1):
        _line(cloth, [(-0.86, edge), (0.86, edge)], 0.72 * float(cloth.mean()))
    for side in (-0.88, 0.88):
        _line(cloth, [(side, 0.05), (side, 0.9)], 0.85 * float(cloth.mean()), 3)
    _line(cloth, [(-0.3, 0.06), (0.0, 0.05), (0.3, 0.06)], 0.88 * float(cloth.mean()), 2)


def _folded(cloth: Floats, rng: np.random.Generator) -> None:
    """A respirator that folds flat: two planes, a weld down the middle, and dotted welds along the edge."""
    u = np.linspace(*ACROSS, SHEET[1], dtype=np.float32)
    lit = float(rng.choice((-1, 1)))
    cloth *= (1 + 0.06 * lit * np.sign(u) - 0.1 * np.abs(u))[None]
    shade = float(cloth.mean())
    _line(cloth, [(0, 0), (float(rng.normal(0, 0.02)), 1.05)], 0.7 * shade, 2)
    for t in np.linspace(0.08, 0.95, 22):
        for side in (-1, 1):
            at = _pixels(np.array([[side * 0.9 * (1 - max(0.0, t - 0.55) * 1.4), 0.18 + 0.78 * t]]))[0]
            cv2.circle(cloth, (int(at[0]), int(at[1])), 12, 0.78 * shade, -1, cv2.LINE_AA, shift=4)
    if rng.random() < 0.3:  # an exhalation valve
        at = _pixels(np.array([[float(rng.choice((-0.45, 0.45))), 0.55]]))[0]
        cv2.circle(cloth, (int(at[0]), int(at[1])), 150, 0.85 * shade, -1, cv2.LINE_AA, shift=4)
        cv2.circle(cloth, (int(at[0]), int(at[1])), 150, 0.55 * shade, 1, cv2.LINE_AA, shift=4)


def _stitched(cloth: Floats, rng: np.random.Generator) -> None:
    """Plain cloth: a stitched dart over nose and chin, and hems."""
    shade = float(cloth.mean())
    lean = float(rng.normal(0, 0.03))
    for t in np.arange(0.02, 0.98, 0.05):
        _line(cloth, [(lean * t, t), (lean * t, t + 0.03)], 0.8 * shade, 2)
    for edge in (0.13, 0.86):
        _line(cloth, [(-0.98, edge), (0.0, edge - 0.05), (0.98, edge)], 0.87 * shade)
    for side in (-1, 1):
        _line(
            cloth, [(side * 0.1, 0.62), (side * 0.65, 0.5 + float(rng.uniform(-0.1, 0.2)))], 0.84 * shade, 2
        )


def _printed(cloth: Floats, rng: np.random.Generator) -> None:
    """Shapes strewn over the cloth, in another shade: discs, triangles, bars or rings."""
    shade = float(cloth.mean())
    ink = float(np.clip(shade + rng.choice((-1, 1)) * rng.uniform(0.3, 0.5), 0.05, 0.95))
    if abs(ink - shade) < 0.2:  # clipped to nearly the cloth's own shade
        ink = 0.9 if shade < 0.5 else 0.1
    shape, count, size = int(rng.integers(4)), int(rng.integers(25, 70)), float(rng.uniform(3, 9))
    for _ in range(count):
        centre = rng.uniform((0, 0), (SHEET[1], SHEET[0]))
        turn = float(rng.uniform(0, 2 * np.pi))
        corners = 3 if shape == 1 else 4
        angles = turn + 2 * np.pi * np.arange(corners) / corners
        stretch = (2.2, 0.5) if shape == 2 else (1.0, 1.0)
        polygon = centre + size * np.column_stack([np.cos(angles) * stretch[0], np.sin(angles) * stretch[1]])
        if shape in (0, 3):
            thick = -1 if shape == 0 else 2
            cv2.circle(cloth, tuple(np.round(centre * 16).astype(int).tolist()), round(size * 16), ink, thick,
                       cv2.LINE_AA, shift=4)  # fmt: skip
        else:
            cv2.fillPoly(cloth, [np.round(polygon * 16).astype(np.int32)], ink, cv2.LINE_AA, shift=4)


_DRESS = {
    Pattern.SURGICAL: _pleated,
    Pattern.FFP2: _folded,
    Pattern.CLOTH: _stitched,
    Pattern.PRINTED: _printed,
    Pattern.DARK: _stitched,
}
