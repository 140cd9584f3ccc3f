"""A contact sheet of masked faces, to judge the painter by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import NotAPictureError
from edge.types import Floats, Image
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013
from train_keras.occlusion import landmarks
from train_keras.occlusion.masked import Progress, find_landmarks, quiet
from train_keras.occlusion.painter import paint_random

COLUMNS, ROWS, TILE = 8, 8, 120
SURROUNDINGS = 0.25  # of a video's face, as a share of its size


def draw_sheet(path: Path, fer2013: Path, seed: int, progress: Progress = quiet) -> None:
    """Write 64 FER2013 training faces under masks, enlarged, as PNG."""
    training = read_fer2013(fer2013).split(Split.TRAINING)
    rng = np.random.default_rng(seed)
    faces = training[np.sort(rng.choice(len(training), COLUMNS * ROWS, replace=False))]
    points, _ = find_landmarks(faces.images, progress)
    _write(
        path, [paint_random(image, marks, rng)[0] for image, marks in zip(faces.images, points, strict=True)]
    )


def draw_video_sheet(path: Path, video: Path, seed: int, progress: Progress = quiet) -> None:
    """Write 64 faces of a video's first half under masks, in colour, as PNG.

    Raises:
        NotAPictureError: dlib finds too few faces in it.
    """
    capture = cv2.VideoCapture(str(video))
    half = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) // 2
    rng = np.random.default_rng(seed)
    tiles: list[Image] = []
    every = max(1, half // (COLUMNS * ROWS * 3 // 2))  # spare frames, for those where the face is hidden
    for number in progress(range(half), half, "painting masks"):
        decoded, frame = capture.read()
        if not decoded or number % every or len(tiles) == COLUMNS * ROWS:
            continue
        picture = np.asarray(frame, np.uint8)
        found = landmarks.in_picture(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
        if len(found):
            tiles.append(_around(paint_random(picture, found[0], rng)[0], found[0]))
    if len(tiles) < COLUMNS * ROWS:
        raise NotAPictureError(f"{video} shows a face in {len(tiles)} frames only: give a longer video")
    _write(path, tiles)


def _around(picture: Image, marks: Floats) -> Image:
    """The square around a face, as far as the picture goes."""
    low, high = marks.min(0), marks.max(0)
    side = float((high - low).max()) * (1 + 2 * SURROUNDINGS)
    x0, y0 = np.maximum((low + high) / 2 - side / 2, 0).astype(int)
    return picture[y0 : y0 + round(side), x0 : x0 + round(side)]


def _write(path: Path, faces: list[Image]) -> None:
    tiles = [cv2.resize(face, (TILE, TILE), interpolation=cv2.INTER_CUBIC) for face in faces]
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))
