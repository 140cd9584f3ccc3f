"""Whether a detector's landmarks lean with the head: the same faces, upright and turned by known angles.

A crop is turned until its landmarks are level (`edge.alignment`), so a detector whose landmarks stay level
leaves every leaning head as it is. The faces are test faces of FER2013, which facet never learns from, bare
and under painted masks. Each stands as a round picture on plain grey, so that nothing beside the face tells
how it was turned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.detectors import Detector
from edge.types import Face, Floats, Image
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013
from train_keras.detection.evaluation.scenes import FRAME
from train_keras.occlusion.masked import Progress, find_landmarks, masked_test, quiet

TURNS = (-30.0, -20.0, -10.0, 10.0, 20.0, 30.0)  # degrees, clockwise as one sees it
SIZE = 160  # px, side of the published crop in the frame
COUNT = 300  # faces
CENTRED = 0.3  # of SIZE: a box whose middle lies farther from the picture's is not the face's
EDGE = 0.08  # of SIZE, over which the round picture fades into what is behind it
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Leans:
    """What a detector told of turned faces that it also found upright, a value each.

    Attributes:
        turns: float32 [K], degrees by which the picture was turned, clockwise.
        told: float32 [K], degrees by which the line through the eyes then had turned, -180 to 180.
        asked: how many pictures it was shown, the upright ones left out.
    """

    turns: Floats
    told: Floats
    asked: int


def lean_figures(
    detectors: Mapping[str, Detector], faces: Mapping[str, Image], progress: Progress = quiet
) -> dict[str, dict[str, Figures]]:
    """Slope and error of every detector that gives landmarks, by name and by what the faces wear.

    Args:
        detectors: by name, opened at the thresholds they work at.
        faces: as `faces_to_turn` gives them.
    Returns:
        by name and by `faces`' key: "found", the share of turned faces found so and upright; "slope", 1 where
        landmarks turn as the faces do, 0 where they stay; "error", median absolute degrees; "told", the
        median degrees told for each of TURNS. NaN where nothing was found.
    """
    out: dict[str, dict[str, Figures]] = {}
    jobs = [(on, name) for on in faces for name in detectors]
    for on, name in progress(jobs, len(jobs), "turning faces"):
        leans = measure_lean(detectors[name], faces[on])
        if leans is not None:
            out.setdefault(name, {})[on] = summarise(leans)
    return out


def faces_to_turn(fer2013: Path, count: int = COUNT, progress: Progress = quiet) -> dict[str, Image]:
    """The same faces "bare" and "masked", uint8 [N, 48, 48] grey each, N up to `count`: evenly chosen ones of
    PrivateTest that dlib confirms, so that the masks sit where they should.

    Raises:
        DataError: the file is missing or damaged.
        DependencyError: dlib's landmarks are not installed.
    """
    private = read_fer2013(fer2013).split(Split.PRIVATE_TEST)
    chosen = private[
        np.unique(np.linspace(0, len(private) - 1, min(count, len(private))).round().astype(np.int64))
    ]
    _, seen = find_landmarks(chosen.images, progress)
    confirmed = chosen[seen]
    return {"bare": confirmed.images, "masked": masked_test(confirmed, progress)[0]}


def measure_lean(detector: Detector, faces: Image, turns: Sequence[float] = TURNS) -> Leans | None:
    """Show a detector every face upright and turned; None where it gives no landmarks.

    Args:
        faces: uint8 [N, S, S] grey.
        turns: degrees, clockwise, none of them 0.
    """
    known: list[tuple[float, float]] = []
    for crop in faces:
        upright = _shown(detector, crop, 0.0)
        if upright is None:
            continue
        if upright.landmarks is None:
            return None
        level = eye_line(upright.landmarks)
        for degrees in turns:
            face = _shown(detector, crop, degrees)
            if face is not None and face.landmarks is not None:
                known.append((degrees, wrapped(eye_line(face.landmarks) - level)))
    both = np.array(known, np.float32).reshape(-1, 2)
    return Leans(both[:, 0], both[:, 1], len(faces) * len(turns))


def summarise(leans: Leans) -> Figures:
    """The figures of one detector on one kind of faces, as `lean_figures` describes them.

    >>> leans = Leans(np.float32([-20, 20]), np.float32([-10, 10]), 4)
    >>> figures = summarise(leans)
    >>> figures["found"], figures["slope"], figures["error"]
    (0.5, 0.5, 10.0)
    """
    turns, told = leans.turns.astype(float), leans.told.astype(float)
    away = np.abs([wrapped(difference) for difference in told - turns])
    return {
        "found": len(turns) / max(leans.asked, 1),
        "slope": float(turns @ told / (turns @ turns)) if len(turns) else float("nan"),
        "error": float(np.median(away)) if len(turns) else float("nan"),
        "told": {f"{turn:g}": float(np.median(told[turns == turn])) for turn in np.unique(turns)},
    }


def stand_turned(crop: Image, degrees: float, size: int = SIZE) -> Image:
    """A face crop, turned clockwise, as a round picture in the middle of a frame.

    Args:
        crop: uint8 [S, S] grey.
        size: px, side of the crop in the frame.
    Returns:
        uint8 [480, 640, 3].
    Raises:
        ValueError: the crop is not square, or has colours.
    """
    if crop.ndim != 2 or crop.shape[0] != crop.shape[1]:
        raise ValueError(f"a face crop is a grey square, got the shape {crop.shape}")
    width, height = FRAME
    behind = round(float(crop.mean()))
    picture = np.full((height, width, 3), behind, np.uint8)
    # OpenCV's angles are anticlockwise.
    matrix = cv2.getRotationMatrix2D(((crop.shape[0] - 1) / 2,) * 2, -degrees, size / crop.shape[0])
    matrix[:, 2] += (size - crop.shape[0]) / 2  # the middle of the crop is the enlarged one's
    face = cv2.warpAffine(crop, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    alpha = np.clip((size / 2 - np.hypot(x, y)) / (EDGE * size), 0, 1)
    left, top = (width - size) // 2, (height - size) // 2
    mixed = np.round(behind + alpha * (face.astype(np.float32) - behind)).astype(np.uint8)
    picture[top : top + size, left : left + size] = mixed[..., None]
    return picture


def eye_line(landmarks: Floats) -> float:
    """Degrees by which the line from the left eye to the right one, as one sees them, leans clockwise.

    >>> eye_line(np.float32([[0, 0], [1, 1], [0, 2], [0, 3], [1, 3]]))
    45.0
    """
    across, down = (landmarks[1] - landmarks[0]).tolist()
    return float(np.degrees(np.arctan2(down, across)))


def wrapped(degrees: float) -> float:
    """The same angle from -180 on and below 180.

    >>> wrapped(-190), wrapped(30), wrapped(350)
    (170.0, 30.0, -10.0)
    """
    return (float(degrees) + 180.0) % 360.0 - 180.0


def _shown(detector: Detector, crop: Image, degrees: float) -> Face | None:
    """The surest face in the picture's middle."""
    for face in sorted(detector.detect(stand_turned(crop, degrees)), key=lambda face: -face.score):
        middle = (face.box[:2] + face.box[2:]) / 2
        if np.abs(middle - np.array(FRAME) / 2).max() < CENTRED * SIZE:
            return face
    return None
