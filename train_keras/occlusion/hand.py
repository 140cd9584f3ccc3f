"""A hand before the face: on the mouth, the cheek or an eye, in the tone of the face's own skin.

The hand is a relief, a palm and fingers of rounded links, seen from its back and lit from where the face is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Floats, Image
from train_keras.occlusion.canvas import Canvas, Layer, Points, canvas_around
from train_keras.occlusion.masks import Kind, draw_mask, render_cloth

# The back of a right hand in breadths of its palm, fingers up, thumb towards image left: where each finger
# begins (x, y), its length, its radius there and at the tip, and how many degrees it leans.
FINGERS = (
    (-0.36, -0.42, 0.95, 0.132, 0.100, -6.0),
    (-0.12, -0.50, 1.06, 0.136, 0.102, -1.0),
    (0.12, -0.46, 0.98, 0.132, 0.098, 3.0),
    (0.34, -0.34, 0.76, 0.118, 0.086, 9.0),
)
THUMB = ((-0.34, 0.30), (-0.60, 0.02), (-0.72, -0.38))
PALM = (
    (-0.34, 0.52), (-0.47, 0.10), (-0.47, -0.40), (-0.12, -0.52), (0.20, -0.48), (0.45, -0.32), (0.46, 0.05),
    (0.33, 0.55),
)  # fmt: skip
PLACES = ("mouth", "cheek", "eye")
SLEEVED = 0.5  # share of the arms that wear a sleeve, not all of which reach into the picture


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """A hand on the canvas: its palm's centre, its axes (fingers point along `-down`), its palm's breadth."""

    centre: Points
    right: Points
    down: Points
    breadth: float

    def place(self, points: Points) -> Points:
        """Hand coordinates [N, 2] to canvas pixels."""
        return self.centre + self.breadth * (points[:, :1] * self.right + points[:, 1:] * self.down)


def raise_hand(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    """Put a hand before mouth, cheek or eye.

    Args:
        picture: uint8 [H, W] grey or [H, W, 3] BGR.
        landmarks: float [68, 2].
    Returns:
        The picture and its occlusion map uint8 [H, W].
    """
    canvas = canvas_around(picture, landmarks)
    if canvas is None:
        return picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    pose = _pose(canvas, rng)
    height, marks = _relief(canvas, pose, rng)
    coverage = np.clip(height / np.float32(0.02), 0, 1)
    exposure, relative = canvas.light()
    layer = Layer(canvas.size)
    layer.add(_skin(canvas, pose, height, marks, relative, rng), coverage)
    if rng.random() < SLEEVED:
        _sleeve(canvas, layer, pose, exposure * relative, rng)
    return canvas.lay(layer, rng)


def _pose(canvas: Canvas, rng: np.random.Generator) -> _Pose:
    """A right or left hand, as the person's arm can bring it there: from below and from its own side."""
    points, right, down = canvas.points, canvas.right, canvas.down
    out = int(rng.choice((-1, 1)))  # the side of the image that the hand comes from
    corner, eye, jaw = (48, slice(36, 42), 3) if out < 0 else (54, slice(42, 48), 13)
    place = PLACES[rng.choice(len(PLACES), p=(0.5, 0.25, 0.25))]
    breadth = float(rng.uniform(0.54, 0.66)) * canvas.width
    match place:
        case "mouth":
            target, lean, reach = points[48:60].mean(0), rng.uniform(35, 75), rng.uniform(0.15, 0.85)
        case "cheek":
            target, lean, reach = (
                (points[corner] + points[jaw]) / 2,
                rng.uniform(-15, 20),
                rng.uniform(-0.1, 0.3),
            )
        case _:
            target, lean, reach = points[eye].mean(0), rng.uniform(-5, 30), rng.uniform(0.4, 1.0)
    angle = np.deg2rad(lean)
    up = -down * np.cos(angle) - right * out * np.sin(angle)  # the fingers point up and inwards
    sideways = np.array([-up[1], up[0]])
    # A palm laid on mouth or eye has its thumb outwards, one that the cheek rests on inwards; seldom it is
    # the other hand, or turned round.
    thumb = -out if place == "cheek" else out
    if rng.random() < 0.15:
        thumb = -thumb
    return _Pose(target - up * float(reach) * breadth, -sideways * thumb, -up, breadth)


def _relief(canvas: Canvas, pose: _Pose, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """How far the hand stands out, in breadths of its palm, 0 outside it; and what its nails and wrinkles add
    to its brightness. Both float32 [H, W]."""
    u, v = canvas.coordinates(pose.centre, pose.right, pose.down)
    u, v = u / np.float32(pose.breadth), v / np.float32(pose.breadth)
    wrist = float(rng.normal(0, 0.15))
    height = np.maximum(_slab(canvas, pose), 0.55 * _link(u, v, (0.0, 0.3), (wrist, 6.0), 0.33, 0.45))
    tendons = np.zeros_like(height)
    for x, y, *_ in FINGERS:
        tendons = np.maximum(tendons, 0.35 * _link(u, v, (x, y), (0.4 * x, 0.4), 0.05, 0.02))
        knuckle = 0.035 * np.exp(-((u - x) ** 2 + (v - y - 0.06) ** 2) / 0.008)
        tendons = np.maximum(tendons, knuckle)
    height = height + tendons * (height > 0)

    spread, curl = rng.uniform(0.0, 1.3), rng.uniform(0.66, 1.0)
    fingers = []
    for x, y, length, thick, thin, lean in FINGERS:
        length *= curl * float(rng.uniform(0.95, 1.03))
        joints = [np.array([x, y + 0.12])]
        angle = np.deg2rad(lean * spread + rng.normal(0, 1.5))
        for share in (0.48, 0.30, 0.22):
            joints.append(joints[-1] + share * (length + 0.06) * np.array([np.sin(angle), -np.cos(angle)]))
            angle -= np.deg2rad(x * rng.uniform(0, 14))
        fingers.append((joints, thick, thin))
    swing = rng.uniform(-0.1, 0.1)
    thumb = [np.array([x + swing * index, y]) for index, (x, y) in enumerate(THUMB)]
    fingers.append((thumb, 0.16, 0.115))
    marks = np.zeros_like(height)
    for joints, thick, thin in fingers:
        part = _window(canvas, pose.place(np.array(joints)), 1.2 * thick * pose.breadth)
        if height[part].size:
            height[part], marks[part] = _finger(
                u[part], v[part], height[part], marks[part], joints, thick, thin
            )
    return height, marks


def _window(canvas: Canvas, points: Points, reach: float) -> tuple[slice, slice]:
    """The rows and columns of a canvas about some of its points."""
    columns, rows = canvas.size
    x0, y0 = np.clip(np.floor(points.min(0) - reach), 0, (columns, rows)).astype(int)
    x1, y1 = np.clip(np.ceil(points.max(0) + reach), 0, (columns, rows)).astype(int)
    return slice(y0, y1), slice(x0, x1)


def _finger(
    u: Floats, v: Floats, height: Floats, marks: Floats, joints: list[Points], thick: float, thin: float
) -> tuple[Floats, Floats]:
    """Add one finger, thicker at its joints, with wrinkles across them and a nail near its tip."""
    radii = np.linspace(thick, thin, len(joints))
    own = np.zeros_like(height)
    for start, end, first, last in zip(joints, joints[1:], radii, radii[1:], strict=False):
        own = np.maximum(own, _link(u, v, tuple(start), tuple(end), first, last))
        own = np.maximum(own, _link(u, v, tuple(start), tuple(start), 1.04 * first, 1.04 * first))
    in_front = own > height  # of the palm and of the fingers so far
    added = np.zeros_like(height)
    for joint, after, radius in zip(joints[1:-1], joints[2:], radii[1:], strict=False):
        across, along = _measure(u, v, joint, after - joint)
        for offset in (-0.035, 0.0, 0.04):
            added -= 0.13 * np.exp(-(((along - offset) / 0.014) ** 2) - (across / (0.8 * radius)) ** 2)
    across, along = _measure(u, v, joints[-1], joints[-1] - joints[-2])
    nail = np.abs(across / (0.60 * thin)) ** 2.6 + np.abs((along - 0.2 * thin) / (0.72 * thin)) ** 2.6
    added += 0.10 * np.clip((1.1 - nail) * 4, 0, 1) - 0.08 * np.exp(-(((nail - 1.1) / 0.25) ** 2))
    return np.maximum(height, own), np.where(in_front, added, marks)


def _measure(u: Floats, v: Floats, start: Points, direction: Points) -> tuple[Floats, Floats]:
    """Distances from `start` across and along a direction."""
    x, y = direction / max(float(np.linalg.norm(direction)), 1e-9)
    return (v - start[1]) * x - (u - start[0]) * y, (u - start[0]) * x + (v - start[1]) * y


def _link(
    u: Floats, v: Floats, start: tuple[float, ...], end: tuple[float, ...], first: float, last: float
) -> Floats:
    """A round rod from `start` to `end`, its radius going from `first` to `last`: its height, 0 outside."""
    du, dv = end[0] - start[0], end[1] - start[1]
    long = max(du * du + dv * dv, 1e-9)
    t = np.clip(((u - start[0]) * du + (v - start[1]) * dv) / long, 0, 1)
    radius = first + (last - first) * t
    square = radius**2 - (u - start[0] - t * du) ** 2 - (v - start[1] - t * dv) ** 2
    return np.sqrt(np.maximum(square, 0)).astype(np.float32)


def _slab(canvas: Canvas, pose: _Pose) -> Floats:
    """The palm: flat, with rounded edges."""
    filled = (canvas.fill(pose.place(np.array(PALM))) > 0.5).astype(np.uint8)
    inside = cv2.distanceTransform(filled, cv2.DIST_L2, 5) / np.float32(pose.breadth)
    edge = np.clip(inside / 0.16, 0, 1)
    return np.asarray(0.17 * np.sqrt(edge * (2 - edge)), np.float32)


def _skin(
    canvas: Canvas, pose: _Pose, height: Floats, marks: Floats, relative: Floats, rng: np.random.Generator
) -> Floats:
    """Grey levels of the lit relief, float32 [H, W, 3] BGR."""
    raised = height * np.float32(pose.breadth)
    smooth = cv2.GaussianBlur(raised, (0, 0), 0.03 * pose.breadth)
    slope_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    side = float(np.clip(_side(canvas, relative), -0.5, 0.5)) + float(rng.normal(0, 0.12))
    towards = np.array([side, -0.45, 1.0]) / np.linalg.norm([side, -0.45, 1.0])
    lit = (-slope_x * towards[0] - slope_y * towards[1] + towards[2]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    # What lies lower than its surroundings gets less of the sky: the clefts between the fingers.
    cleft = np.clip(cv2.GaussianBlur(raised, (0, 0), 0.07 * pose.breadth) - raised, 0, None) / pose.breadth
    shade = (0.42 + 0.58 * np.clip(lit, 0, 1) / towards[2]) * (1 - np.clip(5.0 * cleft, 0, 0.5))
    inside = cv2.distanceTransform((height > 0).astype(np.uint8), cv2.DIST_L2, 5)
    shade = (shade + marks) * (1 - 0.22 * np.exp(-inside / (0.035 * pose.breadth)))
    rows, columns = max(2, canvas.size[1] // 14), max(2, canvas.size[0] // 14)
    mottle = cv2.resize(rng.standard_normal((rows, columns)).astype(np.float32), canvas.size)
    shade = np.clip(shade * (1 + 0.025 * mottle), 0.15, 1.25)
    tone = canvas.skin() * float(rng.uniform(0.9, 1.12))
    # Light that comes back out of skin is redder where there is less of it.
    tinted = tone * shade[..., None] ** np.array([1.15, 1.05, 0.92], np.float32)
    return np.asarray(tinted * relative[..., None], np.float32)


def _side(canvas: Canvas, relative: Floats) -> float:
    """From which side the face is lit: the light's slope across the face, about -1 (image left) to 1."""
    across, _ = canvas.coordinates(canvas.points[30], canvas.right, canvas.down)
    near = np.abs(across) < 0.4 * canvas.width
    return float((relative[near] * np.sign(across[near])).mean() * 4) if near.any() else 0.0


def _sleeve(canvas: Canvas, layer: Layer, pose: _Pose, light: Floats, rng: np.random.Generator) -> None:
    """Cloth over the forearm, down to a cuff at the wrist."""
    cuff = float(rng.uniform(0.75, 1.3))
    outline = np.array([[-0.44, cuff], [0.0, cuff + 0.05], [0.44, cuff], [0.62, 6.0], [-0.62, 6.0]])
    u, v = canvas.coordinates(pose.centre, pose.right, pose.down)
    u = u / np.float32(0.62 * pose.breadth)
    v = (v / np.float32(pose.breadth) - np.float32(cuff)) / np.float32(3)
    mask = draw_mask(rng, Kind.CLOTH if rng.random() < 0.6 else Kind.DARK)
    cloth = render_cloth(mask, u, np.float32(0.1) + np.float32(0.8) * v)
    shade = np.sqrt(np.clip(1.1 - u**2, 0.15, 1)) * (1 - 0.25 * np.exp(-((v / 0.02) ** 2)))
    layer.add((cloth * (light * shade)[..., None]).astype(np.float32), canvas.fill(pose.place(outline)))
