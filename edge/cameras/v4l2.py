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

MISSES = 30  # empty reads in a row before the camera counts as gone; a few are normal while it warms up


class V4L2Camera:
    """Reads /dev/videoN.

    Args:
        index: the N.
        name: the camera's name in events. Defaults to the device's.
    Raises:
        CameraMissingError: no such device, no permission, or not a camera that gives pictures.
    """

    fps = None
    skipped = 0

    def __init__(self, index: int, name: str | None = None) -> None:
        device = Path(f"{DEVICE_PREFIX}{index}")
        self.name = name or device.name
        if not device.exists():
            present = ", ".join(list_devices()) or "none"
            raise CameraMissingError(f"there is no camera {device} (present: {present}): plug it in")
        if not os.access(device, os.R_OK | os.W_OK):
            raise CameraMissingError(
                f"no permission for {device}: sudo usermod -aG video $USER, then log in again"
            )
        self._sequence = 0
        self._capture = cv2.VideoCapture(index, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraMissingError(f"{device} gives no pictures (busy, or no camera): close other programs")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not the oldest

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
