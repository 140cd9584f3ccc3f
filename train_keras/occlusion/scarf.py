"""A scarf drawn up over mouth and chin: the mask painter's cloths, draped in folds round the neck."""

from __future__ import annotations

import numpy as np

from edge.types import Floats, Image
from train_keras.occlusion.canvas import Canvas, Layer, Points, canvas_around
from train_keras.occlusion.masks import Kind, draw_mask, render_cloth

CLOTHS = (Kind.CLOTH, Kind.PATTERNED, Kind.DARK)
SHARES = (0.45, 0.30, 0.25)


def wear_scarf(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    """Wrap a scarf round the lower face and the neck.

    Its upper edge runs between the middle of the nose and the upper lip; its lower one lies on the chest, as
    a rule below a face crop.

    Args:
        picture: uint8 [H, W] grey or [H, W, 3] BGR.
        landmarks: float [68, 2].
    Returns:
        The picture and its occlusion map uint8 [H, W].
    """
    canvas = canvas_around(picture, landmarks)
    if canvas is None:
        return picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    top, bottom = _edges(canvas, rng)
    coverage = canvas.fill(np.concatenate([top, bottom[::-1]]))

    # Sideways from -1 to 1 over the scarf, and from 0 at the upper edge to 1 at the lower one.
    across, along = canvas.coordinates(canvas.points[30], canvas.right, canvas.down)
    edges = [(edge - canvas.points[30]) @ np.stack([canvas.right, canvas.down]).T for edge in (top, bottom)]
    upper = np.interp(across, edges[0][:, 0], edges[0][:, 1])
    lower = float(edges[1][:, 1].mean())
    u = across / np.float32(max(np.abs(edges[0][:, 0]).max(), 1.0))
    v = (along - upper) / np.maximum(lower - upper, 1.0)

    mask = draw_mask(rng, CLOTHS[rng.choice(len(CLOTHS), p=SHARES)])
    # A mask's cloth has its seam at u = 0 and darkens towards -1 and 1: the scarf is cut from between.
    cloth = render_cloth(mask, (0.46 + 0.34 * u).astype(np.float32), (0.12 + 0.6 * v).astype(np.float32))
    relief = _folds(u, (along - upper) / canvas.width, rng) * (1 - 0.45 * np.clip(np.abs(u), 0, 1.2) ** 2.5)
    hem = np.exp(-((((along - upper) / canvas.width) / 0.02) ** 2))
    relief = relief * (1 - 0.25 * hem)
    exposure, relative = canvas.light()
    layer = Layer(canvas.size)
    layer.add((cloth * (exposure * relative * relief)[..., None]).astype(np.float32), coverage)
    return canvas.lay(layer, rng)


def _edges(canvas: Canvas, rng: np.random.Generator) -> tuple[Points, Points]:
    """The upper and the lower edge, each [N, 2] from image left to right."""
    width, right, down = canvas.width, canvas.right, canvas.down
    nose, tip, lip = canvas.points[27], canvas.points[30], canvas.points[51]
    rise = float(rng.uniform(0.5, 1.6))  # where it crosses the nose: 1 at the tip, 2 at the upper lip
    crossing = nose + (tip - nose) * rise if rise <= 1 else tip + (lip - tip) * (rise - 1)
    ends = []
    for jaw, out in ((canvas.points[:5], -1), (canvas.points[16:11:-1], 1)):
        at = float(rng.uniform(0.8, 3.2))
        index = int(at)
        on_jaw = jaw[index] + (jaw[index + 1] - jaw[index]) * (at - index)
        ends.append(on_jaw + right * out * width * float(rng.uniform(0.04, 0.12)))
    t = np.linspace(0, 1, 33)[:, None]
    straight = ends[0] + (ends[1] - ends[0]) * t
    middle = crossing - (ends[0] + ends[1]) / 2
    # Cloth hangs from the nose: straighter than an arch, and a little uneven.
    tent = 1 - np.abs(2 * t - 1) ** float(rng.uniform(1.2, 2.2))
    wave = float(rng.normal(0, 0.012)) * np.sin(2 * np.pi * t * float(rng.uniform(1, 2.5)))
    # At the ends it turns down, out of sight behind the jaw.
    turned = float(rng.uniform(0.06, 0.14)) * np.clip((np.abs(2 * t - 1) - 0.8) / 0.2, 0, 1) ** 2
    top = straight + middle * tent + down * width * (wave + turned)
    reach = float(rng.uniform(0.45, 0.8)) * width
    chin = canvas.points[8] + down * reach
    bulge = float(rng.uniform(0.10, 0.22)) * width
    sides = (ends[0] - right * bulge, ends[1] + right * bulge)
    corners = [chin + right * float((side - chin) @ right) for side in sides]
    lower = corners[0] + (corners[1] - corners[0]) * t
    # The scarf's sides bulge below the jaw, where it is wrapped round the neck.
    waist = [
        (top[end] + corner) / 2 + right * out * 0.5 * bulge
        for end, corner, out in ((0, corners[0], -1), (-1, corners[1], 1))
    ]
    return top, np.concatenate([waist[0][None], lower, waist[1][None]])


def _folds(u: Floats, depth: Floats, rng: np.random.Generator) -> Floats:
    """Folds that run round the neck, sagging in the middle: relief float32 [H, W], about 1.

    Args:
        u: sideways, -1 to 1.
        depth: below the upper edge, in widths of the face.
    """
    relief = np.ones_like(u)
    start = float(rng.uniform(0.08, 0.16))
    while start < 1.1:
        sag, lean = rng.uniform(-0.02, 0.10), rng.normal(0, 0.07)
        line = depth - start + sag * (u**2 - 0.4) - lean * u
        sharp = float(rng.uniform(0.018, 0.035))
        strength = rng.uniform(0.15, 0.42) * np.clip(1.2 - np.abs(u - rng.uniform(-0.6, 0.6)), 0.25, 1)
        relief = relief - strength * np.exp(-((line / sharp) ** 2) - 0.5 * np.clip(line, 0, None) / sharp)
        relief = relief + 0.35 * strength * np.exp(-(((line + 2.4 * sharp) / (1.6 * sharp)) ** 2))
        start += float(rng.uniform(0.10, 0.2))
    return np.asarray(np.clip(relief, 0.3, 1.3), np.float32)
