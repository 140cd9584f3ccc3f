"""Where frames come from. One camera a file; `open_camera` chooses by the spec a user types."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from edge.errors import FileUnreadableError
from edge.types import Frame

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
DEVICE_PREFIX = "/dev/video"
DEVICE_LINKS = "/dev/v4l/"  # names that stay the same whichever port a camera is plugged into
NETWORK = ("rtsp", "rtsps", "http", "https")
_PICAMERA = re.compile(r"picamera(?::(\d+))?")


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
    return not (is_network(spec) or is_device(spec) or _PICAMERA.fullmatch(spec))


def is_network(spec: str) -> bool:
    """Whether the spec is a network camera's address."""
    return spec.partition("://")[0].lower() in NETWORK


def is_device(spec: str) -> bool:
    """Whether the spec is a V4L2 camera's number or path."""
    return spec.isdecimal() or spec.startswith((DEVICE_PREFIX, DEVICE_LINKS))


def camera_name(spec: str) -> str:
    """What a camera is called in events where the configuration gives it no name; never holds a password.

    >>> [camera_name(spec) for spec in ("rtsp://me:secret@door.local/1", "picamera", "0", "films/a.mp4")]
    ['door.local', 'picamera0', 'video0', 'a.mp4']
    """
    if is_network(spec):
        try:
            return urlsplit(spec).hostname or "network"
        except ValueError:  # no address at all, as opening it will tell
            return "network"
    if picamera := _PICAMERA.fullmatch(spec):
        return f"picamera{picamera[1] or 0}"
    if spec.isdecimal():
        return f"video{int(spec)}"
    return Path(spec).name if is_device(spec) else Path(spec).resolve().name


def open_camera(
    spec: str,
    realtime: bool = False,
    loop: bool = False,
    name: str | None = None,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
) -> Camera:
    """Open what the spec names.

    Args:
        spec: "demo", the number or path of a V4L2 camera, "picamera" or "picamera:1", an address that begins
            with rtsp, rtsps, http or https, a folder of images, an image or a video file.
        realtime: play recordings at their own speed instead of as fast as they are asked for.
        loop: begin recordings again at their end.
        name: of a recording in events. Defaults to one that the spec gives.
        size: width and height to ask a V4L2 or Raspberry Pi camera for.
        fps: frames a second to ask such a camera for.
    Raises:
        CameraMissingError: no such camera, no permission to open it, or it gives no pictures.
        DependencyError: a Raspberry Pi camera, and picamera2 is not installed.
        FileUnreadableError: the file is missing, empty or unreadable.
        NotAPictureError: the file holds no video.
        NoImagesError: the folder holds no images.
    """
    # OpenCV takes a tenth of a second to import: each camera is imported when it is the one.
    if spec == "demo":
        from edge.cameras.demo import DemoCamera

        return DemoCamera(realtime, loop, name)
    if is_network(spec):
        from edge.cameras.network import NetworkCamera

        return NetworkCamera(spec)
    if picamera := _PICAMERA.fullmatch(spec):
        from edge.cameras.picamera import PiCamera

        return PiCamera(int(picamera[1] or 0), size, fps)
    if is_device(spec):
        from edge.cameras.v4l2 import V4L2Camera

        return V4L2Camera(spec, size, fps)
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
