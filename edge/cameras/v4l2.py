"""A USB or built-in camera, through Video4Linux."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np

from edge.cameras import DEVICE_PREFIX
from edge.errors import CameraMissingError
from edge.types import Frame

SMALL, USUAL_FPS = (640, 480), 30.0
UNCOMPRESSED = 640 * 480 * 30.0  # pixels a second that fit through USB 2 as they are; more have to be MJPG
MISSES = 30  # empty reads in a row before the camera counts as gone; a few are normal while it warms up


class V4L2Camera:
    """Reads /dev/videoN.

    Args:
        device: the N, the path, or a link to it such as those in /dev/v4l/by-id.
        size: width and height to ask for; the camera gives the nearest it can.
        fps: frames a second to ask for; likewise.
    Raises:
        CameraMissingError: no such device, no permission, or not a camera that gives pictures.
    """

    fps = None
    skipped = 0

    def __init__(self, device: str, size: tuple[int, int] | None = None, fps: float | None = None) -> None:
        path = Path(f"{DEVICE_PREFIX}{int(device)}" if device.isdecimal() else device)
        self.name = path.name
        if not path.exists():
            present = ", ".join(list_devices()) or "none"
            raise CameraMissingError(f"there is no camera {path} (present: {present}): plug it in")
        number = path.resolve().name.removeprefix("video")
        if not number.isdecimal():
            raise CameraMissingError(f"{path} is no camera: give a number, or a path such as /dev/video0")
        if not os.access(path, os.R_OK | os.W_OK):
            raise CameraMissingError(
                f"no permission for {path}: sudo usermod -aG video $USER, then log in again"
            )
        self._sequence = 0
        self._capture = cv2.VideoCapture(int(number), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraMissingError(f"{path} gives no pictures (busy, or no camera): close other programs")
        self._ask_for(size, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not the oldest

    def _ask_for(self, size: tuple[int, int] | None, fps: float | None) -> None:
        width, height = size or SMALL
        if width * height * (fps or USUAL_FPS) > UNCOMPRESSED:
            # A camera without it keeps what it has.
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if size is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if fps is not None:
            self._capture.set(cv2.CAP_PROP_FPS, fps)

    def read(self) -> Frame | None:
        for _ in range(MISSES):
            decoded, image = self._capture.read()
            if decoded:
                frame = Frame(np.asarray(image, np.uint8), self._sequence, time.monotonic(), self.name)
                self._sequence += 1
                return frame
            time.sleep(0.02)
        raise CameraMissingError(f"camera {self.name} stopped giving pictures: check its cable")

    def close(self) -> None:
        self._capture.release()


def list_devices() -> list[str]:
    """The V4L2 devices of this machine, by number."""
    devices = [path for path in Path("/dev").glob("video*") if path.name[5:].isdigit()]
    return [str(path) for path in sorted(devices, key=lambda path: int(path.name[5:]))]
