"""Paints a face mask onto a picture and returns the exact map of what it covers."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Floats, Image
from train_keras.occlusion.masks import Kind, Mask, draw_mask, render_cloth

Points = npt.NDArray[np.float64]

GREY = np.array([0.114, 0.587, 0.299], np.float32)
SUPERSAMPLING = 2.5  # canvas pixels for one of the picture's, so that edges and folds are averaged, not cut
CANVAS = (96, 220)  # least and, unless the face itself is wider, most canvas pixels across a face
REACH = 0.12  # how far beyond the landmarks the canvas extends, as a fraction of the face's width


def paint_mask(picture: Image, landmarks: Floats, mask: Mask) -> tuple[Image, Image]:
    """Put a mask on one face.

    The mask takes the light of the face beneath it: its exposure, the direction the light comes from,
    the sharpness and the noise of the picture.

    Args:
        picture: uint8 [H, W] grey or [H, W, 3] BGR.
        landmarks: float [68, 2] in pixels of the picture; points outside it are allowed.
        mask: what to put on.
    Returns:
        The masked picture, same shape and dtype, and the occlusion map uint8 [H, W]: coverage from 0 (the
        pixel is untouched) to 255 (nothing of it is left).
    """
    points = np.asarray(landmarks, np.float64)
    width = float(np.linalg.norm(points[16] - points[0]))
    scale = np.clip(SUPERSAMPLING * width, CANVAS[0], max(CANVAS[1], width)) / max(width, 1.0)
    low = points.min(0) - REACH * width
    high = points.max(0) + REACH * width
    to_canvas = np.array([[scale, 0, -scale * low[0]], [0, scale, -scale * low[1]]])
    size = tuple(np.ceil((high - low) * scale).astype(int))
    canvas_points = (points - low) * scale

    cloth, coverage = _draw(mask, canvas_points, size)
    light = _light(picture, points, to_canvas, size, canvas_points)
    if picture.ndim == 2:
        cloth = cloth @ GREY
    layer = _times(cloth, light * coverage)
    layer, coverage = _to_picture(layer, coverage, to_canvas, picture.shape[:2], scale)
    return _composite(picture, layer, coverage, mask)


def paint_random(
    picture: Image, landmarks: Floats, rng: np.random.Generator, kind: Kind | None = None
) -> tuple[Image, Image]:
    """`paint_mask` with a mask drawn from a generator."""
    return paint_mask(picture, landmarks, draw_mask(rng, kind))


def _draw(mask: Mask, points: Points, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cloth float32 [H, W, 3] and its coverage float32 [H, W], 0 to 1, on the canvas."""
    outline, top, bottom = _outline(mask, points)
    coverage = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(coverage, [_fixed(outline)], 255, cv2.LINE_AA, shift=4)
    u, v = _coordinates(points, top, bottom, size)
    cloth = render_cloth(mask, u, v)
    edge = cv2.GaussianBlur(coverage, (0, 0), 4).astype(np.float32) / 255
    cloth *= (0.80 + 0.20 * np.clip((edge - 0.5) * 2.2, 0, 1))[..., None]
    if mask.loops is not None:
        loops = _loops(mask, points, outline, size)
        only_loops = np.clip(loops.astype(np.int16) - coverage, 0, 255).astype(np.float32)[..., None] / 255
        cloth += only_loops * (np.array(mask.loops, np.float32) * 0.85 - cloth)
        coverage = np.maximum(coverage, loops)
    return cloth, coverage.astype(np.float32) / np.float32(255)


def _outline(mask: Mask, points: Points) -> tuple[Points, Points, Points]:
    """The closed outline [N, 2], its upper edge and its lower edge, left to right."""
    width = np.linalg.norm(points[16] - points[0])
    right = (points[16] - points[0]) / width
    down = np.array([-right[1], right[0]])
    bridge, tip, lip = points[27], points[30], points[51]
    crossing = bridge + (tip - bridge) * mask.top if mask.top <= 1 else tip + (lip - tip) * (mask.top - 1)
    left_end = _along(points[:17], mask.cheek) + right * mask.tilt * width
    right_end = _along(points[:17], 16 - mask.cheek) + down * mask.tilt * width
    jaw = points[[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]]
    middle = points[30]
    outward = jaw - middle
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    beneath = np.clip(outward @ down, 0, 1)[:, None]
    jaw = jaw + outward * width * (mask.slack + mask.drop * beneath)
    # The upper edge falls off the bridge of the nose before it runs across the cheeks.
    shoulder = 0.62 if mask.kind is Kind.N95 else 0.5
    sag = down * width * (0.035 if mask.top <= 1 else 0.0)
    top = np.array([
        left_end,
        left_end + (crossing - left_end) * shoulder + sag,
        crossing - right * width * 0.035,
        crossing + right * width * 0.035,
        right_end + (crossing - right_end) * shoulder + sag,
        right_end,
    ])  # fmt: skip
    top, bottom = _spline(top), _spline(jaw)
    return np.concatenate([top, bottom[::-1]]), top, bottom


def _coordinates(points: Points, top: Points, bottom: Points, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Mask coordinates `u`, `v` of every canvas pixel, measured from the nose to either cheek and from
    the upper edge to the chin, so that a turned head gets a turned mask."""
    axis = points[8] - points[27]
    height = np.linalg.norm(axis)
    down = axis / height
    right = np.array([down[1], -down[0]])
    nose = points[30]
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    across = (x - nose[0]) * right[0] + (y - nose[1]) * right[1]
    along = (x - nose[0]) * down[0] + (y - nose[1]) * down[1]
    edges = (np.concatenate([top, bottom]) - nose) @ right
    u = np.where(across < 0, across / max(-edges.min(), 1.0), across / max(edges.max(), 1.0))
    upper = ((top - nose) @ down).min()
    lower = ((bottom - nose) @ down).max()
    v = (along - upper) / max(lower - upper, 1.0)
    return u.astype(np.float32), v.astype(np.float32)


def _loops(mask: Mask, points: Points, outline: Points, size: tuple[int, int]) -> Image:
    """Ear loops: from the mask's upper and lower corners round the ear, coverage uint8 [H, W]."""
    width = float(np.linalg.norm(points[16] - points[0]))
    rng = np.random.default_rng(mask.seed + 1)
    coverage = np.zeros(size[::-1], np.uint8)
    thickness = max(1, round(width * rng.uniform(0.010, 0.020)))
    right = (points[16] - points[0]) / width
    for ear, upper, lower, side in ((0, mask.cheek + 0.1, 4.6, -1), (16, 16 - mask.cheek - 0.1, 11.4, 1)):
        start, end = _along(points[:17], upper), _along(points[:17], lower)
        hook = points[ear] + right * side * width * rng.uniform(0.03, 0.09)
        start, end = start - right * side * width * 0.02, end - right * side * width * 0.02
        for corner in (start, end):
            middle = (corner + hook) / 2 + np.array([0, rng.uniform(-0.02, 0.02) * width])
            line = _spline(np.array([corner, middle, hook]))
            cv2.polylines(coverage, [_fixed(line)], False, 255, thickness, cv2.LINE_AA, shift=4)
    return coverage


def _light(
    picture: Image, points: Points, to_canvas: Points, size: tuple[int, int], canvas_points: Points
) -> Floats:
    """The light that falls on the mask, float32 [H, W] on the canvas, 0 to about 255.

    The exposure follows the skin; its low frequencies give the direction of the light.
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    face = cv2.warpAffine(grey, to_canvas, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    smooth = cv2.GaussianBlur(
        cv2.resize(face, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), 8
    )
    smooth = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
    inside = np.zeros(size[::-1], np.uint8)
    hull = cv2.convexHull(np.round(canvas_points).astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 255)
    skin = face[inside > 0]
    if not skin.size:
        return np.full(size[::-1], 128.0, np.float32)
    bright = float(np.percentile(skin, 80))
    exposure = np.clip(1.45 * bright, 40.0, 250.0)
    relative = np.clip(smooth / max(float(smooth[inside > 0].mean()), 1.0), 0.45, 1.5)
    return np.minimum(exposure * relative**0.8, 252.0).astype(np.float32)


def _to_picture(
    layer: Floats, coverage: Floats, to_canvas: Points, shape: tuple[int, int], scale: float
) -> tuple[Floats, Floats]:
    """Bring the painted canvas to the picture's own pixels, averaging where it shrinks."""
    if scale > 1:
        blur = 0.45 * scale
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), blur), np.float32)
        coverage = np.asarray(cv2.GaussianBlur(coverage, (0, 0), blur), np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = shape[::-1]
    layer, coverage = (
        np.asarray(cv2.warpAffine(painted, to_canvas, size, flags=flags), np.float32)
        for painted in (layer, coverage)
    )
    return layer, coverage


def _composite(picture: Image, layer: Floats, coverage: Floats, mask: Mask) -> tuple[Image, Image]:
    """Lay the premultiplied layer over the picture, with the picture's own noise."""
    covered = np.round(np.clip(coverage, 0, 1) * 255).astype(np.uint8)
    alpha = covered.astype(np.float32) / np.float32(255)
    rng = np.random.default_rng(mask.seed + 2)
    grain = rng.normal(0, _noise(picture), picture.shape[:2]).astype(np.float32) * alpha
    mixed = _times(picture, np.float32(1) - alpha) + layer
    mixed += grain if picture.ndim == 2 else grain[..., None]
    painted = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    painted[covered == 0] = picture[covered == 0]
    return painted, covered


def _times(colours: Floats | Image, factor: Floats) -> Floats:
    """Grey [H, W] or colour [H, W, 3] times [H, W]."""
    return colours * (factor if colours.ndim == 2 else factor[..., None])


def _noise(picture: Image) -> float:
    """Standard deviation of the picture's grain in grey levels: the robust size of its diagonal
    second differences, kept within what a camera shows."""
    grey = picture if picture.ndim == 2 else picture[..., 1]
    high = cv2.filter2D(grey, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    return float(np.clip(np.median(np.abs(high)) / (0.6745 * 6), 0.5, 3.5))


def _along(line: Points, position: float) -> Points:
    """The point at a fractional index of a polyline [N, 2]."""
    index = int(np.clip(np.floor(position), 0, len(line) - 2))
    return line[index] + (line[index + 1] - line[index]) * (position - index)


def _spline(points: Points, steps: int = 8) -> Points:
    """A Catmull-Rom curve through the points: [(N - 1) * steps + 1, 2]."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    curve = 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * (p1 - p2) + p3 - p0) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Points as OpenCV's fixed-point integers with four fractional bits."""
    return np.round(points * 16).astype(np.int32)
