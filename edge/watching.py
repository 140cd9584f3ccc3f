"""One camera's work: frames through the pipeline to the bus, in a thread of its own."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable

from edge.bundles import Bundle, DetectionBundle
from edge.bus import Bus
from edge.cameras import is_recording
from edge.capture import Source
from edge.classifier import Classifier
from edge.detectors import SizedDetector, open_detector
from edge.detectors.facet import Facet
from edge.finding import Finder
from edge.people import People
from edge.pipeline import Pipeline
from edge.settings import AUTO, CameraConfig, DetectorConfig, Settings
from edge.smoothing import MaskVote, Smoother
from edge.sources import open_source, takes_newest
from edge.tracking import Tracker
from edge.turns import MOST, Turns
from edge.types import Frame

NEWEST = 300  # faces and looks that a model's time is judged by
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
        look_seconds: what the newest looks at the whole picture took with the detector in use.
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
        self.face_seconds: deque[float] = deque(maxlen=NEWEST)
        self.look_seconds: deque[float] = deque(maxlen=NEWEST)
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

        self._exchange(lambda pipeline: pipeline.use(classifier), self.face_seconds)

    def look_with(self, detector: SizedDetector) -> None:
        """Find faces with another detector, from the next frame on."""
        self._exchange(lambda pipeline: pipeline.finder.use(detector), self.look_seconds)

    def adapt(self, longest_side: int, patience: int) -> None:
        """Let the detector look at a picture of this size, and `patience` times as seldom at the most, from
        the next frame on."""
        self._asked.append(lambda pipeline: pipeline.finder.adapt(longest_side, patience))

    def _exchange(self, exchange: Callable[[Pipeline], None], seconds: deque[float]) -> None:
        def now(pipeline: Pipeline) -> None:
            exchange(pipeline)
            seconds.clear()  # the old model's last ones

        seconds.clear()  # from here on nobody judges the new model by the old one's
        self._asked.append(now)

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
        if observation.read:
            self.face_seconds.append(observation.classify / observation.read)
        if observation.look == "full":
            self.look_seconds.append(observation.detect)
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
    detection: DetectionBundle | None,
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
        detection: the face detector's; None where the configured detector is no bundle.
        viewer: whether somebody looks on, on the page or in the terminal.
        patient: whether a live camera that is missing is waited for.
    Raises:
        MienError: the camera, the detector or the model cannot be opened.
    """
    calm = settings.smoothing
    detector = make_detector(settings.detector, detection)
    classifier = Classifier(bundle, settings.model.threads, settings.model.mirror)
    source = open_source(name, config, viewer, bus.publish, patient=patient)
    pipeline = Pipeline(
        Finder(detector, Tracker(calm.survive), _interval(config, settings, viewer)),
        classifier,
        Smoother(calm.time_constant),
        MaskVote(calm.mask_time_constant),
        Turns(faces_a_frame(config, settings, viewer)),
        source.fps,
    )
    return Watcher(source, pipeline, People(settings.people), bus, max_frames)


def make_detector(config: DetectorConfig, bundle: DetectionBundle | None) -> SizedDetector:
    """The detector the configuration names.

    Args:
        bundle: `store.choosing.load_detector` tells which; None where the detector is no bundle.
    Raises what `open_detector` raises.
    """
    if bundle is not None:
        return Facet(bundle, config.longest_side, config.threshold)
    return open_detector(config.name, config.longest_side, config.threshold)


def adapted_side(config: DetectorConfig, side_factor: float) -> int:
    """The detector's longest side, in pixels, at so much of its size."""
    return max(SMALLEST, round(config.longest_side * side_factor))


def set_vision_threads(threads: int) -> int:
    """Cap OpenCV's threads and return how many it may use; 0: one less than there are cores, at least 1."""
    import cv2

    chosen = threads or max(1, len(os.sched_getaffinity(0)) - 1)
    cv2.setNumThreads(chosen)
    return chosen


def faces_a_frame(config: CameraConfig, settings: Settings, viewer: bool) -> int:
    """Faces read in a frame at most; 0 for no limit."""
    faces = settings.model.faces
    if faces is None:
        return 0 if _unhurried(config, viewer) else MOST
    return faces


def _interval(config: CameraConfig, settings: Settings, viewer: bool) -> int | None:
    """Frames from one full look to the next; None to go by the time there is."""
    interval = settings.detector.interval
    if interval != AUTO:
        return int(interval)
    return 1 if _unhurried(config, viewer) else None


def _unhurried(config: CameraConfig, viewer: bool) -> bool:
    """Nothing waits for a recording without viewer, and what it says should not depend on the machine."""
    return is_recording(config.source) and not takes_newest(config, viewer)
