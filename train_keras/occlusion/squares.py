"""Black squares at random places.

They stand in for whatever comes between a face and a camera in "Facial Emotion Recognition in Occluded Images
Using Attention-Based CNN", section 3.2: squares of 8, 16 and 24 pixels. The paper resizes every picture to
128 x 128 (section 3.1), so a square is 1/16, 1/8 or 3/16 of the picture's side. Sides are scaled with the
picture here, since what counts is the share of the face that is lost: on a crop of 48 pixels they are 3, 6
and 9 pixels, exactly. As pixels of such a crop they would hide seven times as much, up to a quarter of it.
"""

from __future__ import annotations

import numpy as np

from edge.types import Image

PAPER_SIDE = 128  # of the paper's pictures, to which its squares' sides refer


def cover_square(picture: Image, side: int, rng: np.random.Generator) -> tuple[Image, Image]:
    """Black out a square anywhere in a face crop, wholly inside it.

    Args:
        picture: uint8 [H, W] or [H, W, 3], a face crop.
        side: of the square, in pixels of a picture of `PAPER_SIDE`.
    Returns:
        The picture and its occlusion map uint8 [H, W], 0 or 255.
    """
    height, width = picture.shape[:2]
    pixels = max(1, round(side / PAPER_SIDE * min(height, width)))
    top, left = rng.integers(height - pixels + 1), rng.integers(width - pixels + 1)
    covered = np.zeros((height, width), np.uint8)
    covered[top : top + pixels, left : left + pixels] = 255
    return blacken(picture, covered), covered


def blacken(picture: Image, covered: Image) -> Image:
    """A copy of the picture, black where the map is not 0."""
    black = picture.copy()
    black[covered > 0] = 0
    return black
