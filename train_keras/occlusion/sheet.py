"""A contact sheet of masked faces, to judge the painter by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.types import Image
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013
from train_keras.occlusion.masked import Progress, find_landmarks, quiet
from train_keras.occlusion.painter import paint_random

COLUMNS, ROWS, TILE = 8, 8, 120


def draw_sheet(path: Path, fer2013: Path, seed: int, progress: Progress = quiet) -> None:
    """Write 64 training faces under masks, enlarged, as PNG."""
    training = read_fer2013(fer2013).split(Split.TRAINING)
    rng = np.random.default_rng(seed)
    faces = training[np.sort(rng.choice(len(training), COLUMNS * ROWS, replace=False))]
    points, _ = find_landmarks(faces.images, progress)
    tiles = [
        _tile(paint_random(image, marks, rng)[0]) for image, marks in zip(faces.images, points, strict=True)
    ]
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))


def _tile(face: Image) -> Image:
    return np.asarray(cv2.resize(face, (TILE, TILE), interpolation=cv2.INTER_CUBIC), np.uint8)
