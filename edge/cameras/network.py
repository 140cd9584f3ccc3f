"""A camera in the network: RTSP, or MJPEG over HTTP, through OpenCV's FFmpeg."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import cv2
import numpy as np

from edge.cameras import camera_name
from edge.errors import CameraMissingError
from edge.types import Frame

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
OPEN_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 10.0
# Each thread of FFmpeg's holds back a frame; one alone may be too slow for a large picture.
THREADS = 2


class NetworkCamera:
    """Reads an address. FFmpeg takes RTSP over TCP, unless OPENCV_FFMPEG_CAPTURE_OPTIONS says otherwise.

    Args:
        url: rtsp, rtsps, http or https; user and password may be in it.
    Raises:
        CameraMissingError: it cannot be reached, or gives no video.
    """

    fps = None
    skipped = 0

    def __init__(self, url: str) -> None:
        self.name = camera_name(url)
        self._sequence = 0
        # Not FFmpeg's "nobuffer": it throws away what it looked at to find the format, the first key frame
        # too, so that nothing can be decoded until the next.
        self._capture = cv2.VideoCapture(
            url,
            cv2.CAP_FFMPEG,
            [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPEN_TIMEOUT * 1000)),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(READ_TIMEOUT * 1000)),
                *(cv2.CAP_PROP_N_THREADS, THREADS),
            ],
        )
        if not self._capture.isOpened():
            raise CameraMissingError(f"camera {self.name} {_trouble(url)}")

    def read(self) -> Frame | None:
        decoded, image = self._capture.read()
        if not decoded:
            raise CameraMissingError(f"camera {self.name} stopped giving pictures: check power and network")
        frame = Frame(np.asarray(image, np.uint8), self._sequence, time.monotonic(), self.name)
        self._sequence += 1
        return frame

    def close(self) -> None:
        self._capture.release()


def _trouble(url: str) -> str:
    """What keeps an address from being opened, which FFmpeg does not tell, and what to do."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS[parts.scheme]
    except ValueError:
        host, port = None, 0
    if not host:
        return "has no usable address: write rtsp://HOST/PATH or http://HOST/PATH"
    try:
        socket.create_connection((host, port), OPEN_TIMEOUT / 2).close()
    except socket.gaierror:
        return "cannot be found in the network: check the host's name"
    except ConnectionRefusedError:
        return f"is there but nothing answers at port {port}: check the port and that its stream is on"
    except OSError as error:
        return f"cannot be reached ({error.strerror or 'no answer'}): check power and network"
    return "answers but gives no video: check path, user and password of its address"
