"""Pictures without faces: parts of photographs between the faces, and drawn ones with what a small network
takes for a face - skin-coloured shapes, hands, pairs of dots, prints, textures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from edge.types import Image
from train_keras.detection.pictures import BOX, Picture

TRIES = 12


def background(photos: Sequence[Picture], rng: np.random.Generator, width: int, height: int) -> Image:
    """uint8 [height, width, 3] BGR without a face: mostly of a photograph, else drawn."""
    if len(photos) and rng.random() < 0.7:
        for _ in range(TRIES):
            part = _face_free(photos[int(rng.integers(len(photos)))], rng)
            if part is not None:
                enlarged = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
                return np.ascontiguousarray(enlarged, np.uint8)
    return draw(rng, width, height)


def draw(rng: np.random.Generator, width: int, height: int) -> Image:
    """A drawn picture: a texture with shapes and prints on it."""
    image = _TEXTURES[rng.integers(len(_TEXTURES))](rng, width, height)
    for _ in range(int(rng.integers(2, 12))):
        _SHAPES[rng.integers(len(_SHAPES))](image, rng)
    return image


def _face_free(picture: Picture, rng: np.random.Generator) -> Image | None:
    """A part of a photograph that touches none of its faces and nothing that may be one."""
    rows, columns = picture.image.shape[:2]
    share = rng.uniform(0.25, 0.8)
    w, h = int(columns * share), int(rows * share)
    x, y = int(rng.integers(0, columns - w + 1)), int(rng.integers(0, rows - h + 1))
    boxes = picture.faces[:, BOX]
    apart = (boxes[:, 2] < x) | (boxes[:, 0] > x + w) | (boxes[:, 3] < y) | (boxes[:, 1] > y + h)
    return picture.image[y : y + h, x : x + w] if apart.all() and min(w, h) >= 32 else None


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """Any colour; one in three is that of some skin."""
    if rng.random() < 0.35:
        tone = rng.uniform(0.25, 1.0)
        base = np.array([150, 180, 235]) * tone + rng.normal(0, 10, 3)
    else:
        base = rng.uniform(0, 255, 3)
    blue, green, red = np.clip(base, 0, 255).astype(int)
    return int(blue), int(green), int(red)


def _noise(rng: np.random.Generator, width: int, height: int) -> Image:
    """Cloudy noise of any grain."""
    grain = int(2 ** rng.uniform(1, 6))
    small = rng.integers(0, 256, (height // grain + 2, width // grain + 2, 3), np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _gradient(rng: np.random.Generator, width: int, height: int) -> Image:
    corners = np.array([[_colour(rng), _colour(rng)], [_colour(rng), _colour(rng)]], np.uint8)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _plain(rng: np.random.Generator, width: int, height: int) -> Image:
    return np.full((height, width, 3), _colour(rng), np.uint8)


def _stripes(rng: np.random.Generator, width: int, height: int) -> Image:
    """A wave in any direction, as on cloth and shutters."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, length = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(3), np.log(60)))
    wave = 0.5 + 0.5 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
    first, second = np.array(_colour(rng)), np.array(_colour(rng))
    return np.asarray(first + (second - first) * wave[..., None], np.uint8)


def _spot(image: Image, rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, image.shape[1])), int(rng.integers(0, image.shape[0]))


def _size(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(4), np.log(90))))


def _ellipse(image: Image, rng: np.random.Generator) -> None:
    axes = _size(rng), _size(rng)
    cv2.ellipse(image, _spot(image, rng), axes, rng.uniform(0, 180), 0, 360, _colour(rng), -1, cv2.LINE_AA)


def _box(image: Image, rng: np.random.Generator) -> None:
    x, y = _spot(image, rng)
    cv2.rectangle(image, (x, y), (x + _size(rng), y + _size(rng)), _colour(rng), int(rng.choice([-1, 1, 3])))


def _text(image: Image, rng: np.random.Generator) -> None:
    letters = "".join(rng.choice(list("OQo80@&%#:;=()BDP*ae69"), int(rng.integers(1, 9))))
    font, size = int(rng.integers(0, 8)), rng.uniform(0.3, 3)
    cv2.putText(
        image, letters, _spot(image, rng), font, size, _colour(rng), int(rng.integers(1, 5)), cv2.LINE_AA
    )


def _hand(image: Image, rng: np.random.Generator) -> None:
    """A palm and fingers of one colour."""
    x, y = _spot(image, rng)
    size, colour = _size(rng), _colour(rng)
    cv2.ellipse(image, (x, y), (size, int(1.2 * size)), 0, 0, 360, colour, -1, cv2.LINE_AA)
    base = rng.uniform(0, 2 * np.pi)
    for finger in range(5):
        angle = base + 0.35 * (finger - 2)
        tip = int(x + 2.4 * size * np.cos(angle)), int(y + 2.4 * size * np.sin(angle))
        cv2.line(image, (x, y), tip, colour, max(1, size // 3), cv2.LINE_AA)


def _two_dots(image: Image, rng: np.random.Generator) -> None:
    """Two dark spots beside each other on a light round, without more of a face: sockets, buttons, wheels."""
    x, y = _spot(image, rng)
    size = _size(rng)
    cv2.circle(image, (x, y), size, _colour(rng), -1, cv2.LINE_AA)
    dark = _colour(rng)
    for side in (-1, 1):
        cv2.circle(image, (x + side * size // 2, y), max(1, size // 4), dark, -1, cv2.LINE_AA)


_TEXTURES: tuple[Callable[[np.random.Generator, int, int], Image], ...] = (
    _noise,
    _gradient,
    _plain,
    _stripes,
)
_SHAPES: tuple[Callable[[Image, np.random.Generator], None], ...] = (_ellipse, _box, _text, _hand, _two_dots)
