"""The canvas on which sunglasses, hands and scarves are drawn before they meet the picture.

A canvas shows a face and its surroundings enlarged, so that edges are averaged, not cut. It knows the light
that falls on the face, the tone of its skin, and how sharp and how noisy the picture is. The mask's painter
works alike; it keeps its own code because every painted mask is cached under it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Floats, Image
from train_keras.occlusion.painter import GREY

Points = npt.NDArray[np.float64]

SUPERSAMPLING = 2.5  # canvas pixels for one of the picture's
FACE = (96, 220)  # least and, unless the face itself is wider, most canvas pixels across a face
REACH = 1.2  # how far beyond the landmarks a canvas may extend, in widths of the face
SHARPEST, BLURRIEST = 0.45, 2.5  # standard deviation of an edge's blur in pixels of the picture
CHEEKS = [1, 2, 3, 13, 14, 15, 27, 33]  # their hull is skin: neither eyes nor lips, brows nor nostrils


class Layer:
    """What is laid over a picture: premultiplied grey levels, float32 [H, W, 3] BGR, and their coverage,
    float32 [H, W], 0 to 1."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.colour = np.zeros((size[1], size[0], 3), np.float32)
        self.coverage = np.zeros((size[1], size[0]), np.float32)

    def add(self, colour: Floats, coverage: Floats) -> None:
        """Lay grey levels [H, W, 3] over what is already there."""
        alpha = coverage[..., None]
        self.colour += alpha * (colour - self.colour)
        self.coverage += coverage * (1 - self.coverage)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """
    Attributes:
        picture: uint8 [H, W] or [H, W, 3] BGR, what is to be drawn upon.
        points: float64 [68, 2], the landmarks in canvas pixels.
        size: width and height of the canvas.
        width: of the face, ear to ear, in canvas pixels; the unit of everything that is drawn.
        right, down: the face's axes, unit vectors [2].
        origin: the picture's pixel [2] at the canvas's corner; `scale` canvas pixels make one of the picture.
    """

    picture: Image
    points: Points
    size: tuple[int, int]
    width: float
    right: Points
    down: Points
    origin: Points
    scale: float

    def fill(self, polygon: Points) -> Floats:
        """Coverage float32 [H, W] of a closed polygon [N, 2]."""
        drawn = np.zeros(self.size[::-1], np.uint8)
        cv2.fillPoly(drawn, [fixed(polygon)], 255, cv2.LINE_AA, shift=4)
        return drawn.astype(np.float32) / np.float32(255)

    def line(self, points: Points, thickness: float, closed: bool = False) -> Floats:
        """Coverage float32 [H, W] of a line through points [N, 2]; thinner than a pixel it grows faint."""
        drawn = np.zeros(self.size[::-1], np.uint8)
        strength = round(255 * min(thickness, 1.0))
        cv2.polylines(
            drawn, [fixed(points)], closed, strength, max(1, round(thickness)), cv2.LINE_AA, shift=4
        )
        return drawn.astype(np.float32) / np.float32(255)

    def coordinates(self, centre: Points, right: Points, down: Points) -> tuple[Floats, Floats]:
        """Every canvas pixel measured from `centre` along two axes, in canvas pixels: float32 [H, W] each."""
        x, y = np.meshgrid(np.arange(self.size[0]) - centre[0], np.arange(self.size[1]) - centre[1])
        across, along = x * right[0] + y * right[1], x * down[0] + y * down[1]
        return across.astype(np.float32), along.astype(np.float32)

    def light(self) -> tuple[float, Floats]:
        """The grey level of white cloth held before the face, 40 to 250, and how the light varies, float32
        [H, W] about 1, from the face's low frequencies."""
        inside = self._hull(self.points)
        if not inside.any():
            return 128.0, np.ones(self.size[::-1], np.float32)
        face = self._warped(self.picture).astype(np.float32)
        exposure = float(np.clip(1.45 * np.percentile(face[inside], 80), 40, 250))
        # Blurred within the face alone: hair and background are in another light. Far from it the mean holds.
        mean = max(float(face[inside].mean()), 1.0)
        weight = inside.astype(np.float32)
        brightness, share = (
            cv2.resize(
                cv2.GaussianBlur(
                    cv2.resize(values, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA),
                    (0, 0),
                    self.width / 26,
                ),
                self.size,
            )
            for values in (face * weight, weight)
        )
        smooth = (brightness + 0.02 * mean) / (share + 0.02)
        return exposure, (np.clip(smooth / mean, 0.45, 1.5) ** 0.8).astype(np.float32)

    def skin(self) -> Floats:
        """Median BGR levels of the cheeks and the nose, float32 [3]; three equal ones of a grey picture."""
        inside = self._hull(self.points[CHEEKS])
        if not inside.any():
            inside = np.ones(self.size[::-1], bool)
        colours = self._warped(self.picture, grey=False)[inside]
        return np.broadcast_to(np.median(colours, axis=0), 3).astype(np.float32)

    def lay(self, layer: Layer, rng: np.random.Generator) -> tuple[Image, Image]:
        """Put a layer on the picture with the picture's own blur and noise.

        Returns:
            The picture, same shape and dtype, and the occlusion map uint8 [H, W].
        """
        sigma = _blur(self._patch()) * self.scale
        back = np.array([[self.scale, 0, 0], [0, self.scale, 0]])
        back[:, 2] = -self.scale * self.origin
        height, width = self.picture.shape[:2]
        colour, coverage = (
            np.asarray(
                cv2.warpAffine(
                    cv2.GaussianBlur(drawn, (0, 0), sigma),
                    back,
                    (width, height),
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.float32,
            )
            for drawn in (layer.colour, layer.coverage)
        )
        coverage[~self._within()] = 0
        covered = np.round(np.clip(coverage, 0, 1) * 255).astype(np.uint8)
        alpha = covered.astype(np.float32) / np.float32(255)
        grain = alpha * rng.normal(0, _noise(self._patch()), (height, width)).astype(np.float32)
        if self.picture.ndim == 2:
            mixed = self.picture * (1 - alpha) + colour @ GREY + grain
        else:
            mixed = self.picture * (1 - alpha)[..., None] + colour + grain[..., None]
        painted = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
        painted[covered == 0] = self.picture[covered == 0]
        return painted, covered

    def _warped(self, picture: Image, grey: bool = True) -> Image:
        if grey and picture.ndim == 3:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        matrix = np.array([[self.scale, 0, 0], [0, self.scale, 0]])
        matrix[:, 2] = -self.scale * self.origin
        warped = cv2.warpAffine(picture, matrix, self.size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped if warped.ndim == 3 or grey else warped[..., None], np.uint8)

    def _hull(self, points: Points) -> npt.NDArray[np.bool_]:
        inside = np.zeros(self.size[::-1], np.uint8)
        cv2.fillConvexPoly(inside, cv2.convexHull(np.round(points).astype(np.int32)), 1)
        return inside.astype(bool)

    def _rectangle(self) -> tuple[int, int, int, int]:
        """Columns and rows of the picture that the canvas shows: x0, y0, x1, y1."""
        x0, y0 = self.origin.astype(int)
        x1, y1 = np.ceil(self.origin + np.array(self.size) / self.scale).astype(int)
        height, width = self.picture.shape[:2]
        return x0, y0, min(x1, width), min(y1, height)

    def _patch(self) -> Image:
        """The picture under the canvas, one channel."""
        x0, y0, x1, y1 = self._rectangle()
        patch = self.picture[y0:y1, x0:x1]
        return patch if patch.ndim == 2 else patch[..., 1]

    def _within(self) -> npt.NDArray[np.bool_]:
        x0, y0, x1, y1 = self._rectangle()
        within = np.zeros(self.picture.shape[:2], bool)
        within[y0:y1, x0:x1] = True
        return within


def canvas_around(picture: Image, landmarks: Floats) -> Canvas | None:
    """A canvas for one face: its landmarks' box and `REACH` beyond, as far as the picture goes; None where
    the picture shows nothing of that."""
    points = np.asarray(landmarks, np.float64)
    across = points[16] - points[0]
    width = float(np.linalg.norm(across))
    right = across / width if width > 0 else np.array([1.0, 0.0])
    width = max(width, 1.0)
    scale = float(np.clip(SUPERSAMPLING * width, FACE[0], max(FACE[1], width)) / width)
    low = np.maximum(np.floor(points.min(0) - REACH * width), 0)
    high = np.minimum(np.ceil(points.max(0) + REACH * width), picture.shape[1::-1])
    if (high - low < 1).any():
        return None
    columns, rows = np.ceil((high - low) * scale).astype(int)
    return Canvas(
        picture=picture,
        points=(points - low) * scale,
        size=(int(columns), int(rows)),
        width=width * scale,
        right=right,
        down=np.array([-right[1], right[0]]),
        origin=low,
        scale=scale,
    )


def _blur(patch: Image) -> float:
    """How blurred a picture is: the standard deviation, in pixels, that its edges were smoothed with.

    An edge's slope falls as 1 / s: smoothing by one pixel more divides it by sqrt(s^2 + 1) / s. Slopes taken
    over two pixels have added 1 / 3 to s^2.
    """
    if min(patch.shape) < 3 or patch.min() == patch.max():
        return SHARPEST
    sharp = np.asarray(patch, np.float32)
    slope, smoothed = _slope(sharp), _slope(np.asarray(cv2.GaussianBlur(sharp, (0, 0), 1.0), np.float32))
    edges = slope >= np.percentile(slope, 90)
    ratio = float(slope[edges].mean()) / max(float(smoothed[edges].mean()), 1e-6)
    variance = 1 / max(ratio**2 - 1, 1e-6) - 1 / 3
    return float(np.clip(np.sqrt(max(variance, 0.0)), SHARPEST, BLURRIEST))


def _slope(image: Floats) -> Floats:
    across, along = image[1:-1, 2:] - image[1:-1, :-2], image[2:, 1:-1] - image[:-2, 1:-1]
    return np.hypot(across, along)


def _noise(patch: Image) -> float:
    """Standard deviation of the picture's grain in grey levels: the robust size of its diagonal second
    differences, kept within what a camera shows."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    high = cv2.filter2D(patch, cv2.CV_32F, kernel)
    return float(np.clip(np.median(np.abs(high)) / (0.6745 * 6), 0.5, 3.5))


def fixed(points: Points) -> npt.NDArray[np.int32]:
    """Points as OpenCV's fixed-point integers with four fractional bits; far away ones are brought nearer."""
    return np.round(np.clip(points, -30000, 30000) * 16).astype(np.int32)
