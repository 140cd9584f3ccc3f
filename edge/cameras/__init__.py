"""Where frames come from. One camera a file; `open_camera` chooses by the spec a user types."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import FileUnreadableError
from edge.types import Frame

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
DEVICE_PREFIX = "/dev/video"


class Camera(Protocol):
    """Gives frames, one after another."""

    @property
    def name(self) -> str:
        """How the camera is called in events."""

    @property
    def fps(self) -> float | None:
        """Frames a second of a recording, so that its own clock can be told; None for a live camera."""

    @property
    def skipped(self) -> int:
        """Pictures that could not be read and were left out."""

    def read(self) -> Frame | None:
        """The next frame, waiting for it where needed; None at the end of a recording.

        Raises:
            CameraMissingError: a live camera stopped giving frames.
        """

    def close(self) -> None:
        """Let go of the device or file; for the thread that reads, since OpenCV crashes otherwise."""


def is_recording(spec: str) -> bool:
    """Whether the spec names something with an end, where no frame need be lost."""
    return not (spec.isdigit() or spec.startswith(DEVICE_PREFIX))


def open_camera(spec: str, realtime: bool = False, loop: bool = False, name: str | None = None) -> Camera:
    """Open what the spec names.

    Args:
        spec: "demo", the number or path of a V4L2 camera, a folder of images, an image or a video file.
        realtime: play recordings at their own speed instead of as fast as they are asked for.
        loop: begin recordings again at their end.
        name: the camera's name in events. Defaults to one that the spec gives.
    Raises:
        CameraMissingError: no such V4L2 camera, or no permission to open it.
        FileUnreadableError: the file is missing, empty or unreadable.
        NotAPictureError: the file holds no video.
        NoImagesError: the folder holds no images.
    """
    # OpenCV takes a tenth of a second to import: each camera is imported when it is the one.
    if spec == "demo":
        from edge.cameras.demo import DemoCamera

        return DemoCamera(realtime, loop, name)
    if not is_recording(spec):
        from edge.cameras.v4l2 import V4L2Camera

        return V4L2Camera(int(spec.removeprefix(DEVICE_PREFIX)), name)
    path = Path(spec)
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        from edge.cameras.folder import FolderCamera

        return FolderCamera(path, realtime, loop, name)
    from edge.cameras.file import FileCamera

    return FileCamera(path, realtime, loop, name)


def check_readable(path: Path) -> None:
    """Raise FileUnreadableError when there is nothing in `path` that could be read."""
    if not path.exists():
        raise FileUnreadableError(f"there is no file {path}: check the path")
    if not path.is_file():
        raise FileUnreadableError(f"{path} is not a regular file: give a video, image or folder of images")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise FileUnreadableError(
            f"{path} is unreadable ({error.strerror}): check its permissions"
        ) from error
    if empty:
        raise FileUnreadableError(f"{path} is empty: copy it again")
