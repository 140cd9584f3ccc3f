"""A live camera that is opened again whenever it fails, and never holds up who looks through it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge.cameras.backoff import Backoff
from edge.cameras.child import Child
from edge.errors import CameraMissingError, MienError
from edge.events import CameraEvent, CameraPhase
from edge.hiding import without_password
from edge.settings import CameraConfig
from edge.types import Frame

logger = logging.getLogger(__name__)
OPENING = 15.0  # seconds to the first frame, at least; Python and its libraries are slow to start on a Pi
STEADY = 10.0  # seconds of frames after which a camera counts as well again
TICK = 0.2  # seconds between looks at whether the camera is still wanted
MEND = "check its cable, power and network"
JOIN = 0.9  # seconds; `close` returns within one whatever the camera does


class LiveCamera:
    """Keeps one camera open, in a process of its own, from `start` to `close`.

    Args:
        name: the camera's name in events.
        config: what to open and how patient to be.
        tell: gets an event when the state changes and after every failed try, from a thread of this camera;
            it must not block.
        opening: seconds a camera may take from its opening to its first frame.
    Attributes:
        state, reason: as in the newest event.
        error: the kind of error that the reason is.
        overtaken: frames that were replaced before anybody took them.
        reopened: times frames came again after they had stopped or the camera had been missing.
    """

    def __init__(
        self,
        name: str,
        config: CameraConfig,
        tell: Callable[[CameraEvent], None],
        opening: float = OPENING,
    ) -> None:
        self.name = name
        self.state: CameraPhase = "opening"
        self.reason: str | None = None
        self.error: type[MienError] = CameraMissingError
        self.overtaken = 0
        self.reopened = 0
        self._config = config
        self._tell = tell
        self._opening = max(opening, config.stall_seconds)
        self._backoff = Backoff(config.retry_seconds)
        self._attempt = 0
        self._thread = threading.Thread(target=self._supervise, name=f"camera {name}", daemon=True)
        self._asked = threading.Event()  # to pause, go on or end
        self._paused = False
        self._closing = False
        # Guarded by `_changed`: what the thread that wants frames shares with the one that looks after them.
        self._changed = threading.Condition()
        self._child: Child | None = None
        self._fresh = False
        self._taken = 0  # number of the frame taken last, of the present child
        self._before = 0  # frames of all children before it

    def start(self) -> None:
        """Begin to open the camera; returns at once."""
        self._thread.start()

    def newest(self, timeout: float) -> Frame | None:
        """The newest frame if nobody took it yet, waiting for one for at most `timeout` seconds; for one
        thread. None where none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._fresh or self._closing, timeout)
            self._fresh = False
            taken = self._child.slots.take(self._taken) if self._child is not None else None
            if taken is None:
                return None
            record, image = taken
            self.overtaken += record.number - self._taken - 1
            self._taken = record.number
            return Frame(image, self._before + record.number - 1, record.captured, self.name)

    def pause(self, paused: bool) -> None:
        """Let go of the device, or open it again; any thread, returns at once."""
        if paused != self._paused:
            self._paused = paused
            self._asked.set()

    def stop(self) -> None:
        """Begin to close, for those who close several cameras at a time; returns at once."""
        self._closing = True
        self._asked.set()

    def close(self) -> None:
        """Let go of the camera for good, within a second."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(JOIN)

    def _supervise(self) -> None:
        self._say("opening")
        while True:
            self._asked.clear()  # before looking at what is asked, so that nothing asked now is missed
            if self._closing:
                return
            if self._paused:
                self._rest()
            elif (failure := self._run_safely()) is not None:
                wait = self._backoff.next()
                self._say(*failure, self._attempt, wait)
                self._asked.wait(wait)

    def _rest(self) -> None:
        self._say("paused")
        while self._paused and not self._closing:
            self._asked.wait()
            self._asked.clear()
        if not self._closing:
            self._attempt = 0
            self._backoff.reset()
            self._say("opening")

    def _run_safely(self) -> tuple[CameraPhase, str] | None:
        """As `_run`; whatever goes wrong, this thread lives on and tries again."""
        try:
            return self._run()
        except Exception as error:
            logger.exception("camera %s", self.name)
            return "lost", f"camera {self.name} failed ({error}): see the log"

    def _run(self) -> tuple[CameraPhase, str] | None:
        """Open the camera and see to it that frames come.

        Returns:
            The state and the reason when none come any more; None when asked to pause or end.
        """
        self._attempt += 1
        try:
            child = Child(self._config.source, self._config.width_height, self._config.fps)
        except OSError as error:
            return "lost", f"camera {self.name} gets no process ({error.strerror}): free some memory"
        with self._changed:
            self._child = child
        failure = self._watch(child)
        with self._changed:
            self.overtaken += child.slots.count - self._taken
            self._before += child.slots.count
            self._taken = 0
            self._child = None
        crash = child.end()
        if failure is None:
            return None
        state, reason = failure
        return (
            state,
            reason or f"camera {self.name}'s process died ({crash or 'no reason given'}): see mien doctor",
        )

    def _watch(self, child: Child) -> tuple[CameraPhase, str | None] | None:
        first: float | None = None
        silent, before = 0.0, time.monotonic()
        while not (self._paused or self._closing):
            came = child.listen(TICK)
            now = time.monotonic()
            if came:
                if first is None:
                    first = now
                    self._frames_begin()
                elif now - first > STEADY:
                    self._backoff.reset()
                self._frame_came()
                silent = 0.0
            elif child.ended:
                failure = child.failure
                self.error = CameraMissingError if failure is None else type(failure)
                return "lost", None if failure is None else str(failure)
            else:
                # What this process slept through, stopped or starved, is not the camera's silence.
                silent += min(now - before, 2 * TICK)
                if first is None and silent > self._opening:
                    return "lost", f"camera {self.name} gives no pictures: {MEND}"
                if first is not None and silent > self._config.stall_seconds:
                    return "stalled", f"camera {self.name} gives no more pictures: {MEND}"
            before = now
        return None

    def _frames_begin(self) -> None:
        self._attempt = 0
        self.reopened += self.state in ("stalled", "lost")
        self._say("streaming")

    def _frame_came(self) -> None:
        with self._changed:
            self._fresh = True
            self._changed.notify_all()

    def _say(
        self, state: CameraPhase, reason: str | None = None, attempt: int = 0, wait: float | None = None
    ) -> None:
        self.state, self.reason = state, None if reason is None else without_password(reason)
        self._tell(
            CameraEvent(
                camera=self.name,
                state=state,
                reason=self.reason,
                attempt=attempt,
                retry_seconds=None if wait is None else round(wait, 1),
            )
        )
