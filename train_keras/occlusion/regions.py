"""The regions of the eyes and of the mouth blacked out.

As in "Facial Emotion Recognition in Occluded Images Using Attention-Based CNN", section 3.2: a black
rectangle over a region of interest that dlib's 68 landmarks give. The paper prints no margins; they are drawn
at random here, a little beyond the landmarks. The brows, which the paper counts as a feature of their own,
stay in sight, but for the ends of low ones. The rectangle leans with the head: on an upright face it is the
paper's, on a tilted one it hides no more.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.types import Floats, Image
from train_keras.occlusion.canvas import fixed
from train_keras.occlusion.squares import blacken

EYES, MOUTH = slice(36, 48), slice(48, 68)
# Beyond the outermost landmarks, as a share of the distance between the eyes' centres: sideways, up and down.
EYE_MARGINS = ((0.08, 0.20), (0.06, 0.16))
MOUTH_MARGINS = ((0.08, 0.25), (0.08, 0.20))

_Margins = tuple[tuple[float, float], tuple[float, float]]


def cover_eyes(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    """Black out both eyes: the picture and its occlusion map uint8 [H, W], 0 or 255."""
    return _cover(picture, landmarks, EYES, EYE_MARGINS, rng)


def cover_mouth(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Image]:
    """Black out the mouth: the picture and its occlusion map uint8 [H, W], 0 or 255."""
    return _cover(picture, landmarks, MOUTH, MOUTH_MARGINS, rng)


def _cover(
    picture: Image, landmarks: Floats, region: slice, margins: _Margins, rng: np.random.Generator
) -> tuple[Image, Image]:
    points = np.asarray(landmarks, np.float64)
    across = points[42:48].mean(0) - points[36:42].mean(0)
    between = float(np.linalg.norm(across))
    right = across / between if between > 0 else np.array([1.0, 0.0])
    axes = np.stack([right, [-right[1], right[0]]])
    inside = points[region] @ axes.T
    (left_most, right_most), (least, most) = margins
    # Half a pixel at least, so that the landmarks' own pixels are covered on the smallest face too.
    sideways = np.maximum(rng.uniform(left_most, right_most, 2) * between, 0.5)
    upright = np.maximum(rng.uniform(least, most, 2) * between, 0.5)
    x0, y0 = inside.min(0) - np.array([sideways[0], upright[0]])
    x1, y1 = inside.max(0) + np.array([sideways[1], upright[1]])
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) @ axes
    covered = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(covered, fixed(corners), 255, cv2.LINE_8, shift=4)
    return blacken(picture, covered), covered
