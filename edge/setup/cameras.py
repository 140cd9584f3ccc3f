"""The cameras of this machine, each with the words a person knows it by."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.cameras.picamera import list_picameras
from edge.health.files import read

# From linux/videodev2.h: VIDIOC_QUERYCAP and what it answers.
QUERY = 0x80685600
CAPABILITY = struct.Struct("=16s32s32sIII12x")
CAPTURE, CAPTURE_PLANES, HAS_DEVICE_FLAGS = 0x1, 0x1000, 0x80000000
# Of a Raspberry Pi: codecs, and parts of the pipeline whose pictures picamera2 gives.
NO_CAMERAS = ("bcm2835", "unicam", "rp1-cfe", "pispbe", "rpi-hevc", "rpivid")


@dataclass(frozen=True, slots=True)
class Found:
    """A camera: what the configuration calls it, and what it is."""

    source: str
    words: str


def find_cameras(root: Path = Path("/")) -> list[Found]:
    """Raspberry Pi cameras, then V4L2 ones; nothing is asked to give pictures.

    Args:
        root: of the file system with /dev and /sys.
    """
    modules = (entry.partition(" ") for entry in list_picameras())
    found = [Found(source, f"Raspberry Pi camera {words.strip('()')}") for source, _, words in modules]
    return [*found, *_v4l2(root)]


def _v4l2(root: Path) -> Iterator[Found]:
    devices = [path for path in (root / "dev").glob("video*") if path.name[5:].isdecimal()]
    for device in sorted(devices, key=lambda path: int(path.name[5:])):
        # One that may not be opened is shown, so that opening it tells how to get the permission.
        if not os.access(device, os.R_OK | os.W_OK) or is_camera(_capability(device)):
            kind = read(root / "sys/class/video4linux" / device.name / "name")
            yield Found(_lasting(device, root), f"{(kind or 'camera').strip()} ({device.name})")


def _capability(device: Path) -> bytes:
    """The driver's struct v4l2_capability; empty where it is no video device, or is gone."""
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return fcntl.ioctl(descriptor, QUERY, bytes(CAPABILITY.size))
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def is_camera(answer: bytes) -> bool:
    """Whether a driver's answer is a camera's.

    Args:
        answer: struct v4l2_capability. The second node of a USB camera, for metadata, lacks the flag.
    """
    if len(answer) != CAPABILITY.size:
        return False
    driver, _, _, _, all_flags, own_flags = CAPABILITY.unpack(answer)
    flags = own_flags if all_flags & HAS_DEVICE_FLAGS else all_flags
    name = driver.rstrip(b"\0").decode(errors="replace")
    return bool(flags & (CAPTURE | CAPTURE_PLANES)) and not name.startswith(NO_CAMERAS)


def _lasting(device: Path, root: Path) -> str:
    """The name that stays whichever port the camera is plugged into; else the device's path."""
    links = sorted((root / "dev/v4l/by-id").glob("*"))
    chosen = next((link for link in links if link.resolve() == device.resolve()), device)
    return f"/{chosen.relative_to(root)}"
