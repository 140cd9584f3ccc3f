"""Pictures that the tests lay out as the published sets do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.demo import CLIP
from edge.types import Image
from train_keras.data.faces import Faces
from train_keras.data.lfw import read_lfw_faces


@pytest.fixture(scope="session")
def scene() -> Image:
    """A frame of the demo clip: one bare face right of the middle, uint8 [360, 640, 3]."""
    frame = cv2.VideoCapture(str(CLIP)).read()[1]
    return np.asarray(frame, np.uint8)


@pytest.fixture(scope="session")
def head(scene: Image) -> Image:
    """A whole head as laboratories take it, uint8 [340, 300, 3]."""
    return scene[20:, 290:590].copy()


@pytest.fixture(scope="session")
def lfw(shared: Path) -> Faces:
    return read_lfw_faces(shared / "lfw_expressions.zip")


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """Write a picture with the folders above it. A number stands for a plain one of that grey level."""

    def picture(path: Path, content: Image | int) -> Path:
        image = np.full((40, 40), content, np.uint8) if isinstance(content, int) else content
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file's own name may end in capitals or in what OpenCV does not write.
        path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())
        return path

    return picture
