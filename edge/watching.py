"""One camera's work: frames through the pipeline to the bus, in a thread of its own."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable

from edge.bundles import Bundle
from edge.bus import Bus
from edge.cameras import is_recording
from edge.capture import Source
from edge.classifier import Classifier
from edge.detectors import Detector, open_detector
from edge.finding import Finder
from edge.people import People
from edge.pipeline import Pipeline
from edge.settings import AUTO, CameraConfig, DetectorConfig, Settings
from edge.smoothing import MaskVote, Smoother
from edge.sources import open_source, takes_newest
from edge.tracking import Tracker
from edge.types import Frame

FACES = 300  # that a model's time is judged by
SMALLEST = 32  # pixels of the detector's longest side


class Watcher:
    """Looks through one camera until it ends, enough frames are done, or it is stopped.

    Args:
        source: gives the frames.
        pipeline: of this camera alone.
        people: follows who comes and goes.
        bus: takes the events.
        max_frames: stop after so many; None for no limit.
    Attributes:
        processed: frames done.
        failure: what ended it, if it was an error.
        ended: whether it has nothing more to do.
        beat: monotonic time of its last sign of life: a frame that was done.
        face_seconds: what the newest faces took to be read with the model in use.
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
        self.processed = 0
        self.failure: BaseException | None = None
        self.ended = False
        self.beat = time.monotonic()
        self.face_seconds: deque[float] = deque(maxlen=FACES)
        self._pipeline, self._people, self._bus, self._max_frames = pipeline, people, bus, max_frames
        self._stopped = False
        self._asked: deque[Callable[[Pipeline], None]] = deque()
        self._thread = threading.Thread(target=self._run, name=f"watcher {source.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the frame it is at; returns at once."""
        self._stopped = True

    def join(self, timeout: float) -> None:
        """Wait until it has ended, for so many seconds at most."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def use(self, classifier: Classifier) -> None:
        """Read expressions with another model, from the next frame on."""

        def use(pipeline: Pipeline) -> None:
            pipeline.use(classifier)
            self.face_seconds.clear()

        self._asked.append(use)

    def adapt(self, detector: Detector, patience: int) -> None:
        """Look with another detector, and `patience` times as seldom at the most, from the next frame on."""
        self._asked.append(lambda pipeline: pipeline.finder.adapt(detector, patience))

    def _run(self) -> None:
        try:
            frames = self.source.frames(lambda: self._stopped)
            try:
                for frame in itertools.islice(frames, self._max_frames):
                    self._look(frame)
            finally:
                frames.close()
        except BaseException as error:  # the main thread raises it, where the process can end of it
            self.failure = error
        finally:
            self.ended = True

    def _look(self, frame: Frame) -> None:
        while self._asked:
            self._asked.popleft()(self._pipeline)
        now = self._pipeline.clock(frame)
        observation = self._pipeline.process(frame)
        if observation.faces:
            self.face_seconds.append(observation.classify / len(observation.faces))
        self._bus.publish(observation, frame)
        for event in self._people.observe(observation, now):
            self._bus.publish(event)
        self.processed += 1
        self.beat = time.monotonic()


def make_watcher(
    name: str | None,
    config: CameraConfig,
    settings: Settings,
    bundle: Bundle,
    viewer: bool,
    bus: Bus,
    *,
    patient: bool = True,
    max_frames: int | None = None,
) -> Watcher:
    """Open a camera and put its pipeline together.

    Args:
        name: the camera's name in events; None for one that its source gives.
        bundle: the expression model.
        viewer: whether somebody looks on, on the page or in the terminal.
        patient: whether a live camera that is missing is waited for.
    Raises:
        MienError: the camera, the detector or the model cannot be opened.
    """
    calm = settings.smoothing
    detector = make_detector(settings.detector)
    classifier = Classifier(bundle, settings.model.threads)
    source = open_source(name, config, viewer, bus.publish, patient=patient)
    pipeline = Pipeline(
        Finder(detector, Tracker(calm.survive), _interval(config, settings, viewer)),
        classifier,
        Smoother(calm.time_constant),
        MaskVote(calm.mask_time_constant),
        source.fps,
    )
    return Watcher(source, pipeline, People(settings.people), bus, max_frames)


def make_detector(config: DetectorConfig, side_factor: float = 1.0) -> Detector:
    """The detector the configuration names, looking at a picture of so much of its size.

    Raises what `open_detector` raises.
    """
    side = max(SMALLEST, round(config.longest_side * side_factor))
    return open_detector(config.name, side, config.threshold)


def set_vision_threads(threads: int) -> int:
    """Cap OpenCV's threads and return how many it may use; 0: one less than there are cores, at least 1."""
    import cv2

    chosen = threads or max(1, len(os.sched_getaffinity(0)) - 1)
    cv2.setNumThreads(chosen)
    return chosen


def _interval(config: CameraConfig, settings: Settings, viewer: bool) -> int | None:
    """Frames from one full look to the next; None to go by the time there is."""
    interval = settings.detector.interval
    if interval != AUTO:
        return int(interval)
    # Nothing waits for a recording without viewer, and what it says should not depend on the machine.
    return None if takes_newest(config, viewer) or not is_recording(config.source) else 1
