"""A folder of images, in the order of their names, or a single image."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import cv2
import numpy as np

from edge.cameras import IMAGE_SUFFIXES, check_readable
from edge.cameras.pacing import Pacer
from edge.errors import FileUnreadableError, NoImagesError, NotAPictureError
from edge.types import Frame, Image

logger = logging.getLogger(__name__)
FPS = 2.0  # shown live, an image stays for half a second


class FolderCamera:
    """Shows the images of a folder and its subfolders; unreadable ones are left out and counted.

    Args:
        path: folder, or one image file.
        realtime: show two images a second instead of as many as are asked for.
        loop: begin again at the end.
        name: the camera's name in events. Defaults to the folder's or the file's name.
    Raises:
        FileUnreadableError: the image, or the folder, cannot be read.
        NotAPictureError: the single image, or every image of the folder, is unreadable.
        NoImagesError: the folder holds no images.
    """

    def __init__(
        self, path: Path, realtime: bool = False, loop: bool = False, name: str | None = None
    ) -> None:
        self.name = name or path.resolve().name
        self.fps: float = FPS
        self.skipped = 0
        self._path = path
        self._paths = list_images(path)
        self._loop = loop
        self._at = 0
        self._sequence = 0
        self._pacer = Pacer(FPS if realtime else None)
        self._first = self._next_image()
        if self._first is None:
            raise NotAPictureError(f"no image of {path} can be decoded: copy the images again")

    def read(self) -> Frame | None:
        self._pacer.wait()
        image = self._first if self._first is not None else self._next_image()
        self._first = None
        if image is None and self._loop:
            self._at = 0
            image = self._next_image()
        if image is None:
            return None
        frame = Frame(image, self._sequence, time.monotonic(), self.name)
        self._sequence += 1
        return frame

    def close(self) -> None:
        self._at = len(self._paths)
        self._loop = False

    def _next_image(self) -> Image | None:
        while self._at < len(self._paths):
            path = self._paths[self._at]
            self._at += 1
            try:
                return read_image(path)
            except (FileUnreadableError, NotAPictureError) as error:
                if path == self._path:
                    raise
                self.skipped += 1
                logger.warning("skipped: %s", error)
        return None


def list_images(path: Path) -> list[Path]:
    """The images under a folder in the order of their names, or the one image that `path` is.

    Raises:
        FileUnreadableError: a single image that is missing, empty or unreadable.
        NoImagesError: a folder without images.
    """
    if not path.is_dir():
        check_readable(path)
        return [path]
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if Path(name).suffix.lower() in IMAGE_SUFFIXES
    ]
    if not found:
        endings = " ".join(sorted(IMAGE_SUFFIXES))
        raise NoImagesError(f"{path} holds no images: give a folder with files ending in {endings}")
    return sorted(found)


def read_image(path: Path) -> Image:
    """Decode an image file, turned upright by its EXIF orientation.

    Returns:
        uint8 [H, W, 3] BGR.
    Raises:
        FileUnreadableError: missing, empty or unreadable.
        NotAPictureError: not an image, or a damaged one.
    """
    check_readable(path)
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # a header that promises more pixels than OpenCV accepts
        image = None
    if image is None:
        raise NotAPictureError(f"{path} is no image that can be decoded: give a JPEG or PNG, or see mien run")
    return np.asarray(image, np.uint8)
