"""A video file, through OpenCV's decoder."""

from __future__ import annotations

import math
import time
from pathlib import Path

import cv2
import numpy as np

from edge.cameras import check_readable
from edge.cameras.pacing import Pacer
from edge.errors import NotAPictureError
from edge.types import Frame, Image

FALLBACK_FPS = 25.0


class FileCamera:
    """Plays a video file.

    Args:
        path: file of any format that OpenCV's FFmpeg reads.
        realtime: play at the file's own speed.
        loop: begin again at the end.
        name: the camera's name in events. Defaults to the file's name.
    Raises:
        FileUnreadableError: missing, empty or unreadable.
        NotAPictureError: no picture can be decoded from it.
    """

    def __init__(
        self, path: Path, realtime: bool = False, loop: bool = False, name: str | None = None
    ) -> None:
        check_readable(path)
        self.name = name or path.name
        self.skipped = 0
        self._path = path
        self._loop = loop
        self._sequence = 0
        self._capture = cv2.VideoCapture(str(path))
        self._next = self._decode()
        if self._next is None:
            self._capture.release()
            raise NotAPictureError(f"{path} is no video that can be decoded: give a video file, such as .mp4")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps: float = fps if math.isfinite(fps) and 1.0 <= fps <= 1000.0 else FALLBACK_FPS
        self._pacer = Pacer(self.fps if realtime else None)

    def read(self) -> Frame | None:
        self._pacer.wait()
        image = self._next if self._next is not None else self._decode()
        self._next = None
        if image is None and self._loop:
            image = self._rewind()
        if image is None:
            return None
        frame = Frame(image, self._sequence, time.monotonic(), self.name)
        self._sequence += 1
        return frame

    def close(self) -> None:
        self._capture.release()

    def _decode(self) -> Image | None:
        decoded, image = self._capture.read()
        return np.asarray(image, np.uint8) if decoded else None

    def _rewind(self) -> Image | None:
        # Seeking is approximate in many containers; opening the file again always begins at its first frame.
        self._capture.release()
        self._capture.open(str(self._path))
        return self._decode()
