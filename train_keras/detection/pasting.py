"""Face crops become part of a picture: in a skin's colour, with soft edges, on the shoulders of others.

Photographs hold few bare faces, and crops hold nothing of what is around a head.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from edge.types import Floats, Image
from train_keras.detection.pictures import BOX, FACE, KIND, Picture, moved, sides, turned

LEAST_EXCHANGED = 16.0  # px, of a face that may give way to another
OVAL = 1.12, 1.2  # of the face that takes its place: axes, in halves of its box
FADE = 0.12  # of a pasted crop's sides, over which it fades into what lies behind


def is_grey(image: Image) -> bool:
    """Whether uint8 [H, W, 3] has no colour."""
    return bool((image[..., 0] == image[..., 2]).all())


def tinted(picture: Picture, rng: np.random.Generator) -> Picture:
    """A grey picture in the colour of some skin under some light, from hardly to very; others as they are."""
    if not is_grey(picture.image):
        return picture
    warmth = rng.uniform(0, 1.4)
    gains = np.exp(warmth * np.log([0.72, 0.93, 1.18]) + rng.normal(0, 0.05, 3))
    return replace(picture, image=np.clip(picture.image * gains, 0, 255).astype(np.uint8))


def soften(image: Image, before: Image, region: Floats) -> None:
    """Let what was drawn on a region fade into what was there, so that its edges do not tell of a face.

    Args:
        image: uint8 [H, W, 3], changed in place.
        before: the same without what was drawn.
        region: xyxy [4] in pixels; it may reach beyond the picture.
    """
    height, width = image.shape[:2]
    x0, y0 = (max(0, int(side)) for side in region[:2])
    x1, y1 = min(width, math.ceil(region[2])), min(height, math.ceil(region[3]))
    if x1 <= x0 or y1 <= y0:
        return
    x, y = np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5
    across = np.minimum(x - region[0], region[2] - x) / (FADE * (region[2] - region[0]))
    down = np.minimum(y - region[1], region[3] - y) / (FADE * (region[3] - region[1]))
    alpha = np.clip(np.minimum(across[None], down[:, None]), 0, 1)[..., None].astype(np.float32)
    old = before[y0:y1, x0:x1].astype(np.float32)
    image[y0:y1, x0:x1] = old + alpha * (image[y0:y1, x0:x1] - old)


def exchange(
    canvas: Image, faces: Floats, crop: Picture, rng: np.random.Generator, degrees: float = 0.0
) -> Floats:
    """One face of a picture, if one is large enough and wholly in it, gives way to a crop's largest face, in
    its place and size; a grey one also takes its colour.

    Args:
        canvas: uint8 [H, W, 3] BGR, changed in place.
        faces: float32 [N, 17], the picture's.
        degrees: by which the new face is turned, anticlockwise.
    Returns:
        the picture's faces afterwards.
    """
    height, width = canvas.shape[:2]
    new = _largest(crop)
    inside = (faces[:, :2] > 0).all(axis=1) & (faces[:, 2:4] < [width, height]).all(axis=1)
    fit = np.flatnonzero((faces[:, KIND] == FACE) & (sides(faces) >= LEAST_EXCHANGED) & inside)
    if not len(fit) or new[KIND] != FACE:
        return faces
    index = int(rng.choice(fit))
    old = faces[index]
    zoom = float((old[3] - old[1]) / max(new[3] - new[1], 1.0)) * rng.uniform(0.95, 1.1)
    shift = (old[:2] + old[2:4]) / 2 - zoom * (new[:2] + new[2:4]) / 2
    image = crop.image
    if is_grey(image):
        skin = _upper_half(canvas, old[BOX]) / max(float(image.mean()), 8.0)
        image = np.clip(image * np.clip(skin, 0.25, 3.0), 0, 255).astype(np.uint8)
    out = faces.copy()
    out[index] = stamp(canvas, replace(crop, image=image), zoom, shift, degrees)
    return out


def stamp(canvas: Image, crop: Picture, zoom: float, shift: Floats, degrees: float = 0.0) -> Floats:
    """Draw a crop's largest face, an oval with soft edges, on a picture.

    Args:
        canvas: uint8 [H, W, 3] BGR, changed in place.
        zoom: pixels of the canvas for one of the crop's.
        shift: where the crop's corner lies on the canvas while it is upright, x and y.
        degrees: by which the face is then turned about its middle, anticlockwise.
    Returns:
        float32 [17], the face on the canvas.
    """
    height, width = canvas.shape[:2]
    face, image = _largest(crop), crop.image
    if zoom < 0.8:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / zoom), np.uint8)
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    placed = moved(face[None], (zoom, zoom), (float(shift[0]), float(shift[1])))
    if degrees:
        x, y = ((placed[0, :2] + placed[0, 2:4]) / 2).tolist()
        # Pixels are drawn by their centres, which lie half a pixel within the coordinates of a face.
        turn = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), degrees, 1.0)
        matrix[:, 2] += 0.5 * zoom - 0.5
        matrix = np.column_stack([turn[:, :2] @ matrix[:, :2], turn[:, :2] @ matrix[:, 2] + turn[:, 2]])
        placed = turned(placed, degrees, (x, y))
    patch = cv2.warpAffine(image, matrix, (width, height)).astype(np.float32)
    alpha = cv2.warpAffine(_oval(crop.image.shape[:2], face[BOX]), matrix, (width, height))
    canvas[...] = canvas + alpha[..., None] * (patch - canvas)
    return np.asarray(placed[0], np.float32)


def _largest(crop: Picture) -> Floats:
    """A crop's largest face, float32 [17]."""
    return np.asarray(crop.faces[int(np.argmax(sides(crop.faces)))], np.float32)


def _upper_half(image: Image, box: Floats) -> Floats:
    """Mean colour, BGR [3], of the brow and eyes: skin even above a mask."""
    x0, y0, x1, y1 = box.astype(int)
    part = image[y0 : max(y0 + 1, (y0 + y1) // 2), x0 : max(x0 + 1, x1)]
    return np.asarray(part.reshape(-1, 3).mean(axis=0), np.float32)


def _oval(shape: tuple[int, ...], box: Floats) -> Floats:
    """1 on an oval around a box, as far as the crop reaches, 0 elsewhere, with soft edges: float32 [H, W]."""
    alpha = np.zeros(shape, np.float32)
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    axes = [max(1, int(factor * side)) for factor, side in zip(OVAL, half, strict=True)]
    cv2.ellipse(alpha, middle.astype(int).tolist(), axes, 0, 0, 360, 1.0, -1)
    edge = max(1, round(0.04 * min(shape)))
    alpha[:edge] = alpha[-edge:] = 0
    alpha[:, :edge] = alpha[:, -edge:] = 0
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(0.6, 0.06 * float(half.min()))), np.float32)
