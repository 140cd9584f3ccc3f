"""From a camera to inference: one slot, the newest frame wins, frames nobody looked at are counted.

Which way a camera is read: a live camera (`LiveFrames`), and a recording shown on a screen or page
(`NewestFrame`), go through the slot, so what is seen is never older than one frame. A recording that only
writes events (`--jsonl`, no page, no terminal view) is read with `EveryFrame`, so that each of its frames is
processed and none skipped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Protocol

from edge.cameras import Camera
from edge.cameras.live import LiveCamera
from edge.errors import MienError
from edge.events import CameraEvent, CameraPhase
from edge.types import Frame

WAIT = 0.1  # seconds between looks at the stop request
JOIN = 0.7  # seconds a stuck camera is waited for at the end
Tell = Callable[[CameraEvent], None]


class Source(Protocol):
    """Gives the frames of one camera, and tells its state."""

    @property
    def name(self) -> str:
        """The camera's name in events."""

    @property
    def fps(self) -> float | None:
        """Of a recording; None for a live camera."""

    @property
    def overtaken(self) -> int:
        """Frames that were replaced before anybody took them."""

    @property
    def skipped(self) -> int:
        """Pictures that could not be read."""

    @property
    def down(self) -> bool:
        """Whether it is known that no frames come, and why, and that it is being mended, or was asked for."""

    def pause(self, paused: bool) -> None:
        """Give no frames, or go on; any thread."""

    def frames(self, stopped: Callable[[], bool]) -> Generator[Frame, None, None]:
        """Frames until the end of a recording or `stopped`; closes the camera.

        Raises:
            CameraMissingError: a camera that is not tried again stopped giving frames.
        """


class _Opened:
    """A camera that is open already: what both ways of reading it share."""

    def __init__(self, camera: Camera, tell: Tell) -> None:
        self.name, self.fps = camera.name, camera.fps
        self.overtaken = 0
        self._camera, self._tell = camera, tell
        self._going = threading.Event()
        self._going.set()

    @property
    def skipped(self) -> int:
        return self._camera.skipped

    @property
    def down(self) -> bool:
        return not self._going.is_set()

    def pause(self, paused: bool) -> None:
        if paused == self.down:
            return
        if paused:
            self._going.clear()
        else:
            self._going.set()
        self._say("paused" if paused else "streaming")

    def _say(self, state: CameraPhase) -> None:
        self._tell(CameraEvent(camera=self.name, state=state))

    def _wait_while_paused(self, stopped: Callable[[], bool]) -> None:
        while not self._going.wait(WAIT) and not stopped():
            pass


class EveryFrame(_Opened):
    """All frames of a recording, in order."""

    def frames(self, stopped: Callable[[], bool]) -> Generator[Frame, None, None]:
        try:
            self._say("streaming")
            while not stopped() and (frame := self._camera.read()) is not None:
                yield frame
                self._wait_while_paused(stopped)
            if not stopped():
                self._say("ended")
        finally:
            self._camera.close()


class LiveFrames:
    """The newest frame of a live camera, which is opened again whenever it fails."""

    fps = None
    skipped = 0

    def __init__(self, camera: LiveCamera) -> None:
        self.name = camera.name
        self._camera = camera
        self._started = False
        self._first: Frame | None = None

    @property
    def overtaken(self) -> int:
        return self._camera.overtaken

    @property
    def down(self) -> bool:
        return self._camera.state != "streaming"

    def pause(self, paused: bool) -> None:
        self._camera.pause(paused)

    def check(self) -> None:
        """Wait for the first frame.

        Raises:
            CameraMissingError: the camera cannot be opened.
            MienError: another, where its library is missing or its address makes no sense.
        """
        self._start()
        while self._first is None:
            self._first = self._camera.newest(WAIT)
            if self._first is None and self._camera.reason is not None:
                self._camera.close()
                raise self._camera.error(self._camera.reason)

    def frames(self, stopped: Callable[[], bool]) -> Generator[Frame, None, None]:
        self._start()
        try:
            if self._first is not None:
                yield self._first
                self._first = None
            while not stopped():
                frame = self._camera.newest(WAIT)
                if frame is not None:
                    yield frame
        finally:
            self._camera.close()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._camera.start()


class NewestFrame(_Opened):
    """Reads a camera in a thread of its own and hands over its newest frame."""

    def __init__(self, camera: Camera, tell: Tell) -> None:
        super().__init__(camera, tell)
        self._slot: Frame | None = None
        self._ended = False
        self._error: MienError | None = None
        self._closing = False
        self._changed = threading.Condition()

    def frames(self, stopped: Callable[[], bool]) -> Generator[Frame, None, None]:
        thread = threading.Thread(target=self._read, name=f"camera {self.name}", daemon=True)
        thread.start()
        try:
            self._say("streaming")
            while not stopped():
                frame = self._take()
                if frame is not None:
                    yield frame
                elif self._ended:
                    break
            if self._error is not None:
                raise self._error
            if not stopped():
                self._say("ended")
        finally:
            self._closing = True
            thread.join(JOIN)  # a camera stuck in its driver must not keep the process from ending

    def _take(self) -> Frame | None:
        with self._changed:
            if self._slot is None and not self._ended:
                self._changed.wait(WAIT)
            frame, self._slot = self._slot, None
            return frame

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self.overtaken += self._slot is not None
            self._slot = frame
            self._changed.notify()

    def _read(self) -> None:
        try:
            while not self._closing and (frame := self._camera.read()) is not None:
                self._put(frame)
                self._wait_while_paused(lambda: self._closing)
        except MienError as error:
            self._error = error
        finally:
            self._camera.close()
            with self._changed:
                self._ended = True
                self._changed.notify()
