"""Sunglasses of several shapes: rims, arms and dark lenses that let a little light through and gleam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.types import Floats, Image
from train_keras.occlusion.canvas import Canvas, Layer, Points, canvas_around

# Lens shapes, lengths in distances between the eyes' centres: half width and half height; the exponent of the
# superellipse (2 is an ellipse, more is squarer); how much narrower the lower edge is; how far it is pushed
# outwards; how far the outer upper corner is lifted; how thick the rim is.
SHAPES = {
    "round": (0.37, 0.36, 2.0, 0.00, 0.00, 0.00, (0.03, 0.05)),
    "aviator": (0.42, 0.37, 2.4, 0.12, 0.08, -0.02, (0.025, 0.04)),
    "wayfarer": (0.43, 0.31, 3.4, 0.14, 0.00, 0.05, (0.06, 0.10)),
    "rectangular": (0.42, 0.24, 4.5, 0.05, 0.00, 0.00, (0.04, 0.08)),
    "oversized": (0.47, 0.45, 2.8, 0.08, 0.00, 0.02, (0.05, 0.09)),
    "cat eye": (0.44, 0.30, 2.8, 0.16, 0.00, 0.12, (0.05, 0.09)),
    "sport": (0.48, 0.25, 2.8, 0.06, 0.06, 0.02, (0.00, 0.03)),
}
# BGR reflectances: black three times, horn twice, wine, navy and white; black, gold and steel.
PLASTIC = (
    (0.05, 0.05, 0.05), (0.05, 0.05, 0.05), (0.06, 0.06, 0.06), (0.09, 0.14, 0.24), (0.06, 0.09, 0.15),
    (0.14, 0.10, 0.32), (0.22, 0.12, 0.08), (0.82, 0.83, 0.83),
)  # fmt: skip
METAL = ((0.08, 0.08, 0.08), (0.36, 0.55, 0.64), (0.55, 0.55, 0.57))
WIRE = ("round", "aviator")  # shapes that come in metal
TINTS = ((0.03, 0.03, 0.03), (0.04, 0.06, 0.09), (0.05, 0.07, 0.05), (0.10, 0.06, 0.05))
MIRRORED = 0.12  # share of the glasses whose lenses reflect a bright sky
GRADED = 0.35  # share whose lenses are lighter below


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Where one lens goes, in canvas pixels: outline [N, 2], centre, axes and half sizes."""

    outline: Points
    centre: Points
    right: Points
    down: Points
    half: tuple[float, float]


def wear_sunglasses(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    """Put sunglasses on a face.

    Args:
        picture: uint8 [H, W] grey or [H, W, 3] BGR.
        landmarks: float [68, 2].
    Returns:
        The picture and its occlusion map uint8 [H, W]; at a lens it is the share of light that it keeps.
    """
    canvas = canvas_around(picture, landmarks)
    if canvas is None:
        return picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    exposure, relative = canvas.light()
    light = (exposure * relative)[..., None]
    shape = str(rng.choice(list(SHAPES)))
    thin, thick = SHAPES[shape][-1]
    eyes = np.stack([canvas.points[36:42].mean(0), canvas.points[42:48].mean(0)])
    unit = max(float(np.linalg.norm(eyes[1] - eyes[0])), 0.2 * canvas.width)
    rim = float(rng.uniform(thin, thick)) * unit
    palette = METAL if shape in WIRE else PLASTIC
    colour = np.array(palette[rng.integers(len(palette))], np.float32)
    lenses = _place(canvas, eyes, unit, shape, rng)

    layer = Layer(canvas.size)
    arm = max(0.7 * rim, 0.035 * unit)
    for lens, ear, out in zip(lenses, canvas.points[[0, 16]], (-1, 1), strict=True):
        _arm(canvas, layer, lens, ear, out, arm, colour * light)
    _fill_lenses(canvas, layer, lenses, light, rng)
    for lens in lenses:
        drawn = canvas.line(lens.outline, rim, closed=True)
        layer.add(colour * light, drawn)
        # The rim's upper edge catches the light.
        gleam = canvas.line(lens.outline - lens.down * 0.3 * rim, 0.3 * rim, closed=True)
        _, along = canvas.coordinates(lens.centre, lens.right, lens.down)
        layer.add((0.6 * colour + 0.4) * light, 0.5 * gleam * (along < -0.2 * lens.half[1]))
    _bridge(canvas, layer, lenses, shape, max(rim, 0.03 * unit), colour * light)
    return canvas.lay(layer, rng)


def _place(
    canvas: Canvas, eyes: Points, unit: float, shape: str, rng: np.random.Generator
) -> tuple[_Frame, _Frame]:
    """Both lenses, image left first: over the eyes, the far one of a turned head narrower."""
    half_width, half_height, exponent, taper, slant, lift, _ = SHAPES[shape]
    size = float(rng.uniform(0.94, 1.08)) * unit
    tilt = float(rng.normal(0, 0.02))
    across = eyes[1] - eyes[0]
    right = across / np.linalg.norm(across) if across.any() else canvas.right
    right = right + tilt * np.array([-right[1], right[0]])
    right /= np.linalg.norm(right)
    down = np.array([-right[1], right[0]])
    hang = float(rng.uniform(0.02, 0.12)) * unit
    nose = canvas.points[27]
    near = np.abs((eyes - nose) @ right) + 0.05 * unit
    turn = np.clip(2 * near / near.sum(), 0.6, 1.3)
    turn = np.minimum(turn, 1.08)
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** (2 / exponent)
    y = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** (2 / exponent)
    lenses = []
    for eye, out, narrow in zip(eyes, (-1, 1), turn, strict=True):
        half = (min(half_width * size, 0.46 * unit) * float(narrow), half_height * size)
        centre = eye + down * hang + right * out * 0.03 * unit
        xs = out * x * half[0] * (1 - taper * y) + out * slant * unit * y
        ys = y * half[1] - lift * unit * np.clip(x, 0, 1) ** 2 * (y < 0)
        lenses.append(_Frame(centre + xs[:, None] * right + ys[:, None] * down, centre, right, down, half))
    return lenses[0], lenses[1]


def _fill_lenses(
    canvas: Canvas, layer: Layer, lenses: tuple[_Frame, _Frame], light: Floats, rng: np.random.Generator
) -> None:
    """Dark glass, the same in both lenses: how much light it keeps back, and what it reflects."""
    tint = np.array(TINTS[rng.integers(len(TINTS))], np.float32)
    mirrored, graded = rng.random() < MIRRORED, rng.random() < GRADED
    dark = float(rng.uniform(0.86, 1.0))
    lighter = float(rng.uniform(0.15, 0.35)) if graded else 0.0
    horizon, sky = float(rng.uniform(-0.2, 0.4)), float(rng.uniform(0.30, 0.65))
    glare = float(rng.choice((0.0, rng.uniform(0.05, 0.22)), p=(0.35, 0.65)))
    angle, offset, breadth = rng.uniform(0.5, 1.0), rng.uniform(-0.5, 0.3), rng.uniform(0.12, 0.3)
    for lens in lenses:
        across, along = canvas.coordinates(lens.centre, lens.right, lens.down)
        u, v = across / np.float32(lens.half[0]), along / np.float32(lens.half[1])
        opacity = dark - lighter * np.clip(0.5 + 0.5 * v, 0, 1)
        reflected = tint * (1.15 - 0.25 * v[..., None])
        if mirrored:
            opacity = np.maximum(opacity, 0.97)
            above = 0.5 - 0.5 * np.tanh((v - horizon + 0.15 * u * u) * 5)
            reflected = reflected + (sky * (0.25 + 0.75 * above * np.clip(0.6 - 0.4 * v, 0, 1)))[..., None]
        streak = np.exp(-(((np.cos(angle) * u + np.sin(angle) * v - offset) / breadth) ** 2))
        edge = np.clip(1.2 - u**2 - v**2, 0, 1)
        reflected = reflected + (glare * streak * edge)[..., None]
        layer.add(
            reflected.astype(np.float32) * light, canvas.fill(lens.outline) * opacity.astype(np.float32)
        )


def _arm(
    canvas: Canvas, layer: Layer, lens: _Frame, ear: Points, out: int, thickness: float, colour: Floats
) -> None:
    """From the lens's outer upper corner to the ear, if the ear lies beyond it."""
    corner = lens.centre + lens.right * out * 0.9 * lens.half[0] - lens.down * 0.45 * lens.half[1]
    beyond = float((ear - corner) @ lens.right) * out
    if beyond <= 0:
        return
    # It runs level: the jaw's first landmarks lie lower than the top of the ear.
    end = corner + lens.right * out * beyond + lens.down * 0.06 * beyond
    layer.add(0.8 * colour, canvas.line(np.stack([corner, end]), thickness))


def _bridge(
    canvas: Canvas, layer: Layer, lenses: tuple[_Frame, _Frame], shape: str, thickness: float, colour: Floats
) -> None:
    left, right = lenses
    heights = (-0.35, -0.85) if shape == "aviator" else (-0.4,)
    for height in heights:
        start = left.centre + left.right * 0.96 * left.half[0] + left.down * height * left.half[1]
        end = right.centre - right.right * 0.96 * right.half[0] + right.down * height * right.half[1]
        middle = (start + end) / 2 - left.down * 0.12 * float(np.linalg.norm(end - start))
        t = np.linspace(0, 1, 9)[:, None]
        arc = (1 - t) ** 2 * start + 2 * t * (1 - t) * (2 * middle - (start + end) / 2) + t**2 * end
        layer.add(colour, canvas.line(arc, thickness))
