"""Where the five landmarks lie in the crops the classifier learns from, and in dlib's boxes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.detectors.hog import Hog
from edge.types import Floats, Image
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013
from train_keras.occlusion.landmarks import MARGIN, WORKING_SIDE, in_picture
from train_keras.occlusion.masked import Progress, quiet

FACES = 600


def five_of(marks: Floats) -> Floats:
    """Eyes, nose and mouth corners [5, 2] of dlib's 68 landmarks [68, 2]."""
    return np.stack([marks[36:42].mean(0), marks[42:48].mean(0), marks[30], marks[48], marks[54]])


def measure_templates(fer2013: Path, progress: Progress = quiet) -> str:
    """Medians over FER2013 training crops, made symmetric, as a Markdown table of shares of the side."""
    images = read_fer2013(fer2013).split(Split.TRAINING).images
    chosen = images[np.linspace(0, len(images) - 1, FACES).astype(int)]
    detector = Hog(WORKING_SIDE + 2 * MARGIN)
    in_crop, in_box = [], []
    for image in progress(chosen, len(chosen), "finding landmarks"):
        large = _enlarge(image)
        faces = detector.detect(np.repeat(large[..., None], 3, axis=2))
        if faces:
            x0, y0, x1, y1 = faces[0].box
            five = five_of(in_picture(large)[0])
            in_crop.append((five - MARGIN + 0.5) / WORKING_SIDE)
            in_box.append((five - (x0, y0)) / (x1 - x0, y1 - y0))
    lines = ["| of | faces | eyes | nose | mouth corners |", "|---|---|---|---|---|"]
    for name, rows in (("the crop (`TEMPLATE`)", in_crop), ("dlib's box (`HOG_TEMPLATE`)", in_box)):
        left, right, nose, mouth_left, mouth_right = np.median(rows, axis=0)
        eyes, mouth = _mirror(left, right), _mirror(mouth_left, mouth_right)
        lines.append(f"| {name} | {len(rows)} | {eyes} | 0.500 {nose[1]:.3f} | {mouth} |")
    return "\n".join(lines)


def _mirror(left: Floats, right: Floats) -> str:
    """The left one of a pair made symmetric; the right one mirrors it."""
    return f"{0.5 - (right[0] - left[0]) / 2:.3f} {(left[1] + right[1]) / 2:.3f}"


def _enlarge(image: Image) -> Image:
    large = cv2.resize(image, (WORKING_SIDE, WORKING_SIDE), interpolation=cv2.INTER_CUBIC)
    bordered = cv2.copyMakeBorder(large, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    return np.asarray(bordered, np.uint8)
