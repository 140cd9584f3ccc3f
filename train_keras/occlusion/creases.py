"""The relief of cloth as it is worn: folded, creased, pulled at its corners, with rims and valves.

Much stronger than on a new mask, and different on every one: what a network sees inside a
mask's outline is then never worth remembering, and real masks surprise it less.
"""

from __future__ import annotations

import numpy as np

from edge.types import Floats

LEAST, MOST = 0.03, 1.45  # of the relief


def crease(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """Draw a relief.

    Args:
        u, v: float32 [H, W], mask coordinates (masks.py).
    Returns:
        float [H, W], the factor on the cloth's reflectance, 1 where it lies flat.
    """
    relief = 1.0 + rng.uniform(-0.35, 0.35) * np.clip(u, -1.2, 1.2)  # light from one side
    if rng.random() < 0.5:  # folded down the middle when it was new
        middle = u - rng.normal(0, 0.1) - rng.normal(0, 0.3) * (v - 0.5)
        relief *= 1.0 + rng.uniform(-0.4, 0.4) * _step(rng, middle)
    for _ in range(int(rng.integers(0, 4))):  # planes that catch the light differently
        angle = rng.uniform(0, np.pi)
        across = np.cos(angle) * (u - rng.uniform(-0.8, 0.8)) + np.sin(angle) * (v - rng.uniform(0.1, 0.9))
        relief *= 1.0 + rng.uniform(-0.35, 0.35) * _step(rng, across)
    for _ in range(int(rng.integers(2, 14))):
        relief *= 1.0 + _pull(rng, u, v)
    if rng.random() < 0.3:  # another stuff at the sides or along the upper edge
        sides = rng.random() < 0.5
        beyond = np.abs(u) - rng.uniform(0.55, 0.9) if sides else rng.uniform(0.06, 0.25) - v
        relief *= 1.0 + rng.uniform(-0.7, 0.6) * _step(rng, np.asarray(beyond, np.float32))
    if rng.random() < 0.2:
        x, y = rng.uniform(0.0, 0.5), rng.uniform(0.3, 0.7)
        for side in (-1, 1) if rng.random() < 0.5 else (rng.choice((-1, 1)),):
            relief *= _valve(rng, u - side * x, v - y)
    return np.clip(relief, LEAST, MOST)


def _step(rng: np.random.Generator, across: Floats) -> Floats:
    """0 on one side of a line to 1 on the other, more or less sharply."""
    return np.asarray(1 / (1 + np.exp(np.clip(-across / rng.uniform(0.008, 0.04), -30, 30))), np.float32)


def _pull(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """One bent crease with a lit and a shaded flank, what it adds to 1; most begin where a loop pulls."""
    if rng.random() < 0.6:
        x, y = rng.choice((-0.95, 0.95)), rng.choice((0.08, 0.9)) + rng.normal(0, 0.08)
        angle = np.arctan2(rng.uniform(0.15, 0.85) - y, -x)
    else:
        x, y, angle = rng.uniform(-0.8, 0.8), rng.uniform(0.1, 0.9), rng.uniform(0, np.pi)
    along = np.cos(angle) * (u - x) + np.sin(angle) * (v - y)
    across = np.cos(angle) * (v - y) - np.sin(angle) * (u - x) + rng.normal(0, 0.15) * along**2
    across /= rng.uniform(0.02, 0.08)
    fades = np.exp(-((along / rng.uniform(0.3, 1.2)) ** 2))
    flanks = (rng.uniform(0.3, 1.3) * across + rng.uniform(-0.8, 0.4)) * np.exp(-(across**2))
    return np.asarray(rng.uniform(0.2, 0.9) * flanks * fades, np.float32)


def _valve(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    """A round valve with a dark rim, a factor."""
    away = np.hypot(u, 1.1 * v) / rng.uniform(0.12, 0.25)
    rim = 1 - rng.uniform(0.2, 0.7) * np.exp(-(((away - 1) / 0.2) ** 2))
    return np.asarray(np.where(away < 1, rng.uniform(0.4, 1.3), 1.0) * rim, np.float32)
