"""A picture in character cells: each cell is an upper half block, so it shows two pixels.

Written as escape sequences directly: a rich style for each cell takes ten times as long, too much for
a small board.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge.types import Floats, Image

STEP = 8  # colours are rounded to this, so that neighbours often share one sequence
CUBE = np.array([0, 95, 135, 175, 215, 255])  # levels of the 6 × 6 × 6 cube in the 256-colour palette
RESET = "\x1b[0m"
Rgb = tuple[int, int, int]


def cells(image_size: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """How many columns and rows a (height, width) picture fills, in its aspect, of those there are.

    >>> cells((360, 640), 40, 20)
    (40, 11)
    >>> cells((360, 640), 80, 10)
    (36, 10)
    """
    height, width = image_size
    scale = min(columns / width, 2 * rows / height)
    return max(1, round(width * scale)), max(1, int(height * scale / 2 + 0.25))


def picture(
    image: Image, size: tuple[int, int], boxes: Sequence[tuple[Floats, Rgb]], truecolor: bool
) -> list[str]:
    """The lines of a picture, ready to write, each as wide as `size` says.

    Args:
        image: uint8 [H, W, 3], BGR.
        size: columns and rows.
        boxes: float32 [4] xyxy in pixels of the image, with their colours.
        truecolor: 24-bit colours; otherwise the 256-colour palette.
    """
    columns, rows = size
    height, width = image.shape[:2]
    small = cv2.resize(image, (columns, rows * 2), interpolation=cv2.INTER_AREA)
    pixels = np.ascontiguousarray(small[..., ::-1], np.uint8)
    scale = np.array([columns / width, rows * 2 / height] * 2, np.float32)
    for box, paint in boxes:
        x0, y0, x1, y1 = (int(value) for value in np.round(box * scale))
        cv2.rectangle(pixels, (x0, y0), (x1 - 1, y1 - 1), paint)
    colours = pixels // STEP * STEP if truecolor else palette(pixels)
    rows_of_pixels = [[colour(pixel) for pixel in row] for row in colours.tolist()]
    return [line(*rows_of_pixels[2 * row : 2 * row + 2]) for row in range(rows)]


def palette(pixels: Image) -> Image:
    """RGB uint8 [H, W, 3] as places uint8 [H, W, 1] in the 256-colour palette: its cube or its greys.

    >>> palette(np.array([[[0, 0, 0], [255, 0, 0], [60, 50, 50]]], np.uint8)).tolist()
    [[[16], [196], [237]]]
    """
    levels = np.digitize(pixels, (CUBE[1:] + CUBE[:-1]) / 2)
    greys = np.clip((pixels.mean(axis=-1, keepdims=True) - 3) // 10, 0, 23)
    off_cube = np.abs(CUBE[levels] - pixels).sum(axis=-1, keepdims=True)
    off_grey = np.abs(8 + 10 * greys - pixels).sum(axis=-1, keepdims=True)
    places = 16 + levels @ np.array([[36], [6], [1]])
    return np.asarray(np.where(off_cube <= off_grey, places, 232 + greys), np.uint8)


def colour(pixel: list[int]) -> str:
    """The part of a colour sequence that says which colour.

    >>> colour([8, 16, 24]), colour([231])
    ('2;8;16;24', '5;231')
    """
    return f"2;{pixel[0]};{pixel[1]};{pixel[2]}" if len(pixel) == 3 else f"5;{pixel[0]}"


def line(upper: list[str], lower: list[str]) -> str:
    """One line of cells; a colour is written only where it changes."""
    parts, last = [], ("", "")
    for above, below in zip(upper, lower, strict=True):
        if above != last[0]:
            parts.append(f"\x1b[38;{above}m")
        if below != last[1]:
            parts.append(f"\x1b[48;{below}m")
        parts.append("▀")
        last = above, below
    return "".join(parts) + RESET
