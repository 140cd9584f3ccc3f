"""Frames to measure with: a recording over and over, as fast as asked for or at its own pace, or a camera."""

from __future__ import annotations

import time
from collections.abc import Generator

from edge.cameras import is_recording
from edge.capture import Source
from edge.errors import CameraMissingError, FileUnreadableError
from edge.events import CameraEvent
from edge.settings import CameraConfig
from edge.sources import open_source
from edge.types import Frame

PATIENCE = 5.0  # seconds beyond a live camera's own patience


class Frames:
    """The frames of one camera, without end.

    Args:
        config: which camera; live ones always come at their own pace.
        realtime: play a recording at its own pace, the newest frame winning, as a camera's do.
    Attributes:
        paced: whether frames come at the camera's own pace.
    Raises:
        InputError: the camera or file cannot be opened.
    """

    def __init__(self, config: CameraConfig, realtime: bool) -> None:
        self._recording = is_recording(config.source)
        self.paced = realtime or not self._recording
        chosen = {"loop": True, "every_frame": not self.paced, "wait": False}
        self.source: Source = open_source(
            None, config.model_copy(update=chosen), False, _ignore, patient=False
        )
        self._patience = PATIENCE + config.stall_seconds
        self._last = time.monotonic()
        self._frames: Generator[Frame, None, None] = self.source.frames(self._is_over)

    def next(self) -> Frame:
        """The next frame, when it is there.

        Raises:
            CameraMissingError: the camera gives none any more.
            FileUnreadableError: the recording cannot be read again.
        """
        self._last = time.monotonic()
        frame = next(self._frames, None)
        if frame is not None:
            return frame
        name = self.source.name
        if self._recording:
            raise FileUnreadableError(f"{name} ended while it was measured: leave it in its place")
        raise CameraMissingError(
            f"{name} gave no more frames while it was measured: check its cable, power and network"
        )

    def close(self) -> None:
        """Let go of the camera."""
        self._frames.close()

    def _is_over(self) -> bool:
        # A recording's next frame may take long on a slow machine; a camera's state tells of it.
        return not self._recording and (self.source.down or time.monotonic() - self._last > self._patience)


def _ignore(_: CameraEvent) -> None:
    """The states of a camera that is only measured."""
