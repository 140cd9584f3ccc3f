"""One camera's work: frames through the pipeline to the bus, in a thread of its own."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

from edge.bus import Bus
from edge.capture import Source
from edge.classifier import Classifier
from edge.events import CameraEvent
from edge.people import People
from edge.pipeline import Pipeline
from edge.types import Frame


class Watcher:
    """Looks through one camera until it ends, enough frames are done, or it is stopped.

    Args:
        source: gives the frames.
        pipeline: of this camera alone.
        people: follows who comes and goes.
        bus: takes the events.
        max_frames: stop after so many; None for no limit.
    Attributes:
        failure: what ended it, if it was an error.
        ended: whether it has nothing more to do.
        beat: monotonic time of its last sign of life: a frame that was done.
    """

    def __init__(
        self,
        source: Source,
        pipeline: Pipeline,
        people: People,
        bus: Bus,
        max_frames: int | None = None,
    ) -> None:
        self.source = source
        self.failure: BaseException | None = None
        self.ended = False
        self.beat = time.monotonic()
        self._pipeline, self._people, self._bus, self._max_frames = pipeline, people, bus, max_frames
        self._stopped = False
        self._asked: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"watcher {source.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the frame it is at; returns at once."""
        self._stopped = True

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def use(self, classifier: Classifier) -> None:
        """Read expressions with another model, from the next frame on."""
        self._asked = lambda: self._pipeline.use(classifier)

    def _run(self) -> None:
        try:
            frames = self.source.frames(lambda: self._stopped)
            try:
                for frame in itertools.islice(frames, self._max_frames):
                    self._look(frame)
            finally:
                frames.close()
        except BaseException as error:  # the main thread raises it where the process can end of it
            self.failure = error
        finally:
            self.ended = True
        if self.failure is None and not self._stopped:
            self._bus.publish(CameraEvent(camera=self.source.name, state="ended"))

    def _look(self, frame: Frame) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            asked()
        now = self._pipeline.clock(frame)
        observation = self._pipeline.process(frame)
        self._bus.publish(observation, frame)
        for event in self._people.observe(observation, now):
            self._bus.publish(event)
        self.beat = time.monotonic()
