"""An MJPEG camera of red pictures that can be told to misbehave."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.service.camera import FailingCamera

RED = (0, 0, 255)


class MjpegServer(FailingCamera):
    """Red pictures of 160x120."""

    def __init__(self) -> None:
        super().__init__([cv2.imencode(".jpg", np.full((120, 160, 3), RED, np.uint8))[1].tobytes()])
