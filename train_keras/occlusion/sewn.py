"""The second mask painter: flat patterns hung on a face by a thin-plate spline. For tests only.

Nothing is trained on its masks, so what a network makes of them tells whether it learned faces under masks or
the first painter's masks. It shares neither drawing code nor landmarks with `painter.py`, which follows the
jaw, the bridge of the nose and the middle of the upper lip: this one knows the eyes, the base of the nose,
the corners of the mouth and the lower lip, and takes cheeks and chin from the proportions of a face.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator

from edge.types import Floats, Image
from train_keras.occlusion.patterns import ACROSS, DOWN, SHEET, Pattern, Sheet, draw_pattern

Points = npt.NDArray[np.float64]

EYE_LEFT, EYE_RIGHT = slice(36, 42), slice(42, 48)
NOSE_BASE, MOUTH, LOWER_LIP = 33, [48, 54], 57
USED = [*range(36, 48), NOSE_BASE, *MOUTH, LOWER_LIP]  # of the 68 landmarks

# Along the line from between the eyes (0) to the middle of the mouth (1), and half the face's width in
# distances between the eyes.
CHIN, JAW, HALF_WIDTH = 1.80, 1.45, 1.10
RISES = (0.15, 0.5)  # where the upper edge usually crosses the nose; its tip is at about 0.55
FINE = 3  # samples a pixel, each way
GRID = 24  # points a side at which the spline is computed
SOFT = 0.5  # pixels: standard deviation of the seam between mask and face
GRAIN = 2.0  # grey levels


def sew(
    picture: Image,
    landmarks: Floats,
    rng: np.random.Generator,
    kind: Pattern | None = None,
    rise: float | None = None,
) -> tuple[Image, Image]:
    """Hang a mask on a face.

    Args:
        picture: uint8 [H, W] grey.
        landmarks: float [68, 2] in pixels of the picture; only `USED` are looked at.
        rng: draws all that is not given; the same state gives the same picture.
        kind: of pattern; any by default.
        rise: where the upper edge crosses the face, 0 between the eyes to 1 at the mouth.
    Returns:
        The masked picture and its occlusion map, uint8 [H, W], 0 where it is untouched to 255.
    Raises:
        ValueError: the picture is not grey.
    """
    if picture.dtype != np.uint8 or picture.ndim != 2:
        raise ValueError(f"a picture of {picture.dtype} {list(picture.shape)}: expected uint8 [H, W]")
    if kind is None:
        kind = list(Pattern)[rng.integers(len(Pattern))]
    sheet = draw_pattern(kind, rng)
    rise = float(rng.uniform(*RISES)) if rise is None else rise
    on_face, on_sheet = _anchors(np.asarray(landmarks, np.float64), rise, rng)
    u, v = _unfold(on_face, on_sheet, (picture.shape[0], picture.shape[1]))
    reflectance, coverage = _hang(sheet, u, v)
    lit = reflectance * _light(picture, landmarks, u)
    height, width = picture.shape
    layer, alpha = (
        cv2.GaussianBlur(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), (0, 0), SOFT)
        for fine in (lit * coverage, coverage)
    )
    covered = np.round(alpha.clip(0, 1) * 255).astype(np.uint8)
    grain = alpha * rng.normal(0, GRAIN, picture.shape)
    painted = np.clip(np.round(picture * (1 - alpha) + layer + grain), 0, 255).astype(np.uint8)
    painted[covered == 0] = picture[covered == 0]
    return painted, covered


def _anchors(points: Points, rise: float, rng: np.random.Generator) -> tuple[Points, Points]:
    """Points of the face [K, 2] in pixels and where they lie on the pattern [K, 2], u and v."""
    left, right = points[EYE_LEFT].mean(0), points[EYE_RIGHT].mean(0)
    eyes, mouth = (left + right) / 2, points[MOUTH].mean(0)
    apart = max(float(np.linalg.norm(right - left)), 1.0)
    across = (right - left) / apart if apart > 1 else np.array([1.0, 0.0])
    below = np.array([-across[1], across[0]])
    # A face looked at from above or below keeps a mask of some height.
    down = mouth - eyes if (mouth - eyes) @ below > 0.4 * apart else below * 0.4 * apart
    # The nose points where a turned head does: that cheek is seen at a slant.
    turn = float(np.clip((points[NOSE_BASE] - eyes - 0.66 * down) @ across / apart, -0.4, 0.4))
    half = HALF_WIDTH * apart * float(rng.uniform(0.94, 1.08))
    sides = {-1: half * (1 + 1.2 * turn), 1: half * (1 - 1.2 * turn)}
    chin, tilt = CHIN + float(rng.uniform(-0.05, 0.08)), float(rng.normal(0, 0.03))
    cheek = max(0.45, rise - 0.1) + float(rng.uniform(-0.05, 0.1))

    def at(t: float, offset: float = 0.0) -> Points:
        return eyes + t * down + offset * across

    def depth(t: float) -> float:
        return (t - rise) / (chin - rise)

    face, sheet = [at(rise), at(chin)], [(0.0, 0.0), (0.0, 1.0)]
    for side, width in sides.items():
        top, low = cheek + side * tilt, max(JAW, cheek + 0.3)
        face += [
            at(top, side * width),
            at((top + low) / 2, side * 0.97 * width),
            at(low, side * 0.74 * width),
        ]
        sheet += [(side * 1.0, 0.06), (side * 1.0, 0.5), (side * 0.8, 0.88)]
    for number, t, u in ((NOSE_BASE, 0.66, 0.0), (LOWER_LIP, 1.2, 0.0), *((m, 1.0, None) for m in MOUTH)):
        if rise < t - 0.1:
            offset = float((points[number] - mouth) @ across)
            own = u if u is not None else offset / sides[-1 if offset < 0 else 1]
            face.append(points[number])
            sheet.append((own, depth(t)))
    return np.array(face), np.array(sheet)


def _unfold(face: Points, sheet: Points, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """The pattern's u and v at every sample of the picture, float32 [FINE * H, FINE * W] each."""
    middle, unit = face.mean(0), max(float(face.std()), 1e-3)
    # Smoothed a little: landmarks of one place, or of a wrong one, do not tear the cloth.
    spline = RBFInterpolator((face - middle) / unit, sheet, kernel="thin_plate_spline", smoothing=1e-2)
    rows, columns = ((np.arange(GRID) + 0.5) * side / GRID - 0.5 for side in shape)
    grid = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    coarse = spline((grid - middle) / unit).reshape(GRID, GRID, 2).astype(np.float32)
    fine = cv2.resize(coarse, (FINE * shape[1], FINE * shape[0]), interpolation=cv2.INTER_CUBIC)
    return fine[..., 0], fine[..., 1]


def _hang(sheet: Sheet, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Reflectance and coverage at u and v."""
    x = (u - ACROSS[0]) / (ACROSS[1] - ACROSS[0]) * SHEET[1] - 0.5
    y = (v - DOWN[0]) / (DOWN[1] - DOWN[0]) * SHEET[0] - 0.5
    x, y = x.astype(np.float32), y.astype(np.float32)
    coverage = cv2.remap(sheet.coverage, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    reflectance = cv2.remap(sheet.reflectance, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(reflectance, np.float32), np.asarray(coverage, np.float32)


def _light(picture: Image, landmarks: Floats, u: Floats) -> Floats:
    """Grey levels of white cloth bent round the face as half a cylinder, float32 like `u`.

    How bright, and from which side, the bare skin round the eyes tells.
    """
    eyes = np.asarray(landmarks, np.float64)[36:48]
    low, high = eyes.min(0), eyes.max(0)
    reach = 0.25 * max(float(high[0] - low[0]), 2.0)
    height, width = picture.shape
    x0, x1 = (int(np.clip(x, 0, width)) for x in (low[0] - reach, high[0] + reach + 1))
    y0, y1 = (int(np.clip(y, 0, height)) for y in (low[1] - reach, high[1] + reach + 1))
    seen = picture[y0:y1, x0:x1].astype(np.float32)
    if seen.shape[0] < 2 or seen.shape[1] < 4:
        seen = picture.astype(np.float32)
    halves = seen[:, : seen.shape[1] // 2].mean(), seen[:, seen.shape[1] // 2 :].mean()
    lean = float((halves[1] - halves[0]) / max(halves[0] + halves[1], 1.0))
    white = float(np.clip(1.35 * np.percentile(seen, 70), 50, 245))
    angle = np.clip(u, -1.2, 1.2) * np.float32(np.deg2rad(70))
    source = np.float32(np.clip(2.0 * lean, -0.9, 0.9))
    return np.asarray(white * (0.45 + 0.55 * np.clip(np.cos(angle - source), 0, 1)), np.float32)
