"""A face without dlib: 68 landmarks of an upright, frontal face, and pictures to put them on."""

from __future__ import annotations

import numpy as np

from edge.types import Floats, Image

_BROW = [(-0.40, -0.25), (-0.33, -0.31), (-0.25, -0.33), (-0.16, -0.31), (-0.09, -0.28)]
_EYE = [(-0.31, -0.12), (-0.26, -0.15), (-0.20, -0.15), (-0.14, -0.11), (-0.20, -0.09), (-0.26, -0.09)]


def landmarks68(width: float, centre: tuple[float, float], degrees: float = 0.0) -> Floats:
    """float32 [68, 2] in dlib's order; `width` is the jaw's, ear to ear."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.5 * np.cos(angles), -0.15 + 0.80 * np.sin(angles)])
    bridge = [(0, -0.12), (0, -0.02), (0, 0.08), (0, 0.18)]
    nostrils = [(x, 0.23) for x in (-0.10, -0.05, 0.0, 0.05, 0.10)]
    turn = np.linspace(np.pi, -np.pi, 12, endpoint=False)
    lips = np.column_stack([0.19 * np.cos(turn), 0.40 - 0.06 * np.sin(turn)])
    inner = np.column_stack([0.13 * np.cos(turn[:8]), 0.40 - 0.02 * np.sin(turn[:8])])
    mirrored = [[(-x, y) for x, y in reversed(half)] for half in (_BROW, _EYE)]
    parts = [jaw, _BROW, mirrored[0], bridge, nostrils, _EYE, mirrored[1], lips, inner]
    upright = np.concatenate([np.asarray(part, np.float64) for part in parts])
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return (width * upright @ np.array([[cos, sin], [-sin, cos]]) + centre).astype(np.float32)


def grainy(shape: tuple[int, ...], level: float = 120, seed: int = 0) -> Image:
    """A picture in which every pixel differs from its neighbours, so that a change shows."""
    noise = np.random.default_rng(seed).normal(level, 25, shape)
    return np.clip(noise, 0, 255).astype(np.uint8)
