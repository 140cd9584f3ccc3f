"""What would let mien see better, in plain words, from what one look showed."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from edge.setup.looking import Look
from edge.types import Face, Image

FACE_PIXELS = 48  # side of the picture in which the models read a face
DETECTOR_PIXELS = 20  # of a face in the detector's picture; results.md measures it from there
NEAR = 0.85  # of the picture's height
DARK, BRIGHT = 50, 215  # mean luminance, of 255
BACKLIT = 0.5  # of the picture's luminance
LEANING = 10.0  # degrees of `Look.lean`; of heads held upright it is less
SLOW = 8.0  # pictures a second


def hints(look: Look, longest_side: int) -> Iterator[str]:
    """One line each; none where all is well.

    Args:
        longest_side: of the detector's picture, in pixels.
    """
    grey = np.asarray(cv2.cvtColor(look.image, cv2.COLOR_BGR2GRAY), np.uint8)
    yield from _light(grey, look.faces)
    if look.fps is not None and look.fps < SLOW:
        yield f"only {look.fps:.0f} pictures a second: more light, or a smaller size (camera.size)"
    if not look.faces:
        yield "nobody is seen: let somebody stand where people will stand, and face the camera"
        return
    yield from _distance(look, longest_side)
    yield from _tilt(look.lean)


def _light(grey: Image, faces: list[Face]) -> Iterator[str]:
    whole = float(grey.mean())
    if whole < DARK:
        yield f"the picture is dark (brightness {whole:.0f} of 255): more light, best from the front"
        return
    if whole > BRIGHT:
        yield f"the picture is too bright (brightness {whole:.0f} of 255): less light, none into the lens"
    if faces and (face := _luminance(grey, faces[0])) < BACKLIT * whole:
        yield (
            f"the face is darker ({face:.0f}) than what is around it ({whole:.0f}): "
            "light from the front, or turn the camera away from the window"
        )


def _luminance(grey: Image, face: Face) -> float:
    """Mean of a face's pixels, 0 to 255."""
    x0, y0, x1, y1 = (max(0, round(float(side))) for side in face.box)
    return float(grey[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].mean())


def _distance(look: Look, longest_side: int) -> Iterator[str]:
    width, height = look.size
    sides = [float((face.box[2:] - face.box[:2]).max()) for face in look.faces]
    largest = max(sides)
    shown = largest * min(1.0, longest_side / max(width, height))
    if shown < DETECTOR_PIXELS:
        yield (
            f"the face is small, {shown:.0f} pixels in the detector's picture where {DETECTOR_PIXELS} are "
            f"wanted: come nearer, or raise detector.longest_side above {longest_side}"
        )
    if largest < FACE_PIXELS:
        yield (
            f"the face is {largest:.0f} pixels high where {FACE_PIXELS} are wanted: come nearer, or ask for "
            "a larger picture (camera.size)"
        )
    if largest > NEAR * height:
        yield "the face fills the picture: step back, so that all of it stays in view"


def _tilt(lean: float | None) -> Iterator[str]:
    if lean is not None and abs(lean) > LEANING:
        way = "clockwise" if lean > 0 else "anticlockwise"
        yield (
            f"the picture seems to lean: if the head in it is upright, turn the camera {way}, "
            "seen from behind it"
        )
