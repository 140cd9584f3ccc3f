"""A Raspberry Pi camera module, through picamera2."""

from __future__ import annotations

import importlib
import threading
import time
from typing import Any

import numpy as np

from edge.errors import CameraMissingError, DependencyError
from edge.types import Frame

DEADLINE = 10.0  # seconds for a frame


class PiCamera:
    """Reads camera module `number`.

    Args:
        number: of the module; 0 is the first.
        size: width and height; None for picamera2's own choice for video.
        fps: frames a second; None for the same.
    Raises:
        DependencyError: picamera2 is not installed.
        CameraMissingError: no such camera, or another program has it.
    """

    fps = None
    skipped = 0

    def __init__(
        self, number: int = 0, size: tuple[int, int] | None = None, fps: float | None = None
    ) -> None:
        library = load_picamera2()
        self.name = f"picamera{number}"
        present = len(library.Picamera2.global_camera_info())
        if number >= present:
            raise CameraMissingError(
                f"there is no Raspberry Pi camera {number} (present: {present}): check its ribbon cable"
            )
        self._sequence = 0
        # "RGB888" names the channels of a little-endian word: in memory blue comes first, as mien wants it.
        main: dict[str, Any] = {"format": "RGB888"} | ({} if size is None else {"size": size})
        # Microseconds, least and most.
        pace = {} if fps is None else {"FrameDurationLimits": (round(1e6 / fps), round(1e6 / fps))}
        try:
            self._camera = library.Picamera2(number)
        except (RuntimeError, IndexError) as error:
            raise CameraMissingError(
                f"camera {self.name} cannot be opened (busy, or broken): close other programs"
            ) from error
        try:
            self._camera.configure(self._camera.create_video_configuration(main=main, controls=pace))
            self._camera.start()
        except (RuntimeError, ValueError, KeyError) as error:
            self._camera.close()
            raise CameraMissingError(
                f"camera {self.name} refuses its settings ({type(error).__name__}): change size or fps"
            ) from error

    def read(self) -> Frame | None:
        captured = threading.Event()
        # By a signal, not by `wait=DEADLINE`, which older versions of picamera2 take for "wait for ever".
        job = self._camera.capture_array("main", signal_function=lambda job: captured.set())
        if not captured.wait(DEADLINE):
            raise CameraMissingError(f"camera {self.name} gives no pictures: check its ribbon cable")
        image = np.ascontiguousarray(job.get_result(), np.uint8)
        frame = Frame(image, self._sequence, time.monotonic(), self.name)
        self._sequence += 1
        return frame

    def close(self) -> None:
        self._camera.stop()
        self._camera.close()


def load_picamera2() -> Any:
    """The library, imported when it is first wanted: it comes from Debian and is no part of mien.

    Raises:
        DependencyError: it is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module("picamera2")
    except ModuleNotFoundError as error:
        raise DependencyError(
            "picamera2 is not installed: sudo apt install python3-picamera2, and make mien's virtual "
            "environment with --system-site-packages"
        ) from error
    except (ImportError, ValueError) as error:
        # Debian's simplejpeg, built for NumPy 1, in an environment with NumPy 2: a ValueError.
        raise DependencyError(
            f"picamera2 cannot be loaded ({error}): pip install --force-reinstall --no-deps simplejpeg"
        ) from error


def list_picameras() -> list[str]:
    """The Raspberry Pi cameras, by number, with their sensors; none where picamera2 is not installed."""
    try:
        found = load_picamera2().Picamera2.global_camera_info()
    except DependencyError:
        return []
    return [f"picamera:{number} ({info.get('Model', 'unknown')})" for number, info in enumerate(found)]
