"""The daemon: startup → main loop → shutdown."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import sys
from collections.abc import Generator, Iterator
from types import FrameType

from edge import bundles
from edge.cameras import Camera, is_recording, open_camera
from edge.capture import NewestFrame, every_frame
from edge.detectors import Detector, open_detector
from edge.outputs import Output, ReaderGone
from edge.settings import AUTO, DetectorConfig, Settings
from edge.types import Frame

logger = logging.getLogger(__name__)


class Daemon:
    """Looks through one camera until it ends, enough frames are done, or a signal asks to stop.

    Args:
        settings: the effective configuration.
        max_frames: stop after so many processed frames; None for no limit.
    """

    def __init__(self, settings: Settings, max_frames: int | None = None) -> None:
        self._settings = settings
        self._max_frames = max_frames
        self._stopped = False
        self._outputs: list[Output] = []
        self._newest: NewestFrame | None = None

    def run(self) -> None:
        """Start, work, stop.

        Raises:
            MienError: what cannot be opened, a camera that dies, an output that cannot be written.
        """
        with self._stop_on_signals(), contextlib.ExitStack() as shutdown:
            self._startup(shutdown)
            with contextlib.suppress(ReaderGone):
                self._main_loop()

    def stop(self) -> None:
        """Ask the main loop to end after the frame it is at."""
        self._stopped = True

    def _startup(self, shutdown: contextlib.ExitStack) -> None:
        from edge.classifier import Classifier
        from edge.finding import Finder
        from edge.pipeline import Pipeline
        from edge.smoothing import MaskVote, Smoother
        from edge.tracking import Tracker

        settings = self._settings
        set_vision_threads(settings.detector.threads)
        watched = self._watched
        loop = settings.camera.loop
        if loop is None:
            loop = watched and settings.camera.source == "demo"
        self._camera = open_camera(settings.camera.source, realtime=watched, loop=loop)
        detector = make_detector(settings.detector)
        classifier = Classifier(bundles.load(settings.model.name), settings.model.threads)
        calm = settings.smoothing
        self._pipeline = Pipeline(
            Finder(detector, Tracker(calm.survive), self._interval),
            classifier,
            Smoother(calm.time_constant),
            MaskVote(calm.mask_time_constant),
            self._camera.fps,
        )
        manifest = classifier.bundle.manifest
        model = f"{manifest.name} {manifest.version}"
        logger.info("camera %s, detector %s, model %s", self._camera.name, detector.name, model)
        self._open_outputs(shutdown)

    def _open_outputs(self, shutdown: contextlib.ExitStack) -> None:
        shutdown.callback(self._report)
        for output in self._make_outputs(self._camera):
            output.start()
            shutdown.callback(_close, output)
            self._outputs.append(output)

    def _make_outputs(self, camera: Camera) -> Iterator[Output]:
        # Each output brings its own libraries, so it is imported only when it is wanted.
        wanted = self._settings.outputs
        if wanted.jsonl is not None:
            from edge.outputs.jsonl import JsonLines

            yield JsonLines(wanted.jsonl, None if self._watched else lambda: not self._stopped)
        page = None
        if wanted.http:
            from edge.outputs.http import HttpServer

            server = HttpServer(*wanted.host_port, self._preview, camera.name)
            yield server
            page = server.url
            logger.info("page at %s", page)
        if self._terminal:
            from edge.outputs.terminal import TerminalView

            yield TerminalView(camera.name, page)

    def _main_loop(self) -> None:
        with contextlib.closing(self._frames()) as frames:
            for frame in itertools.islice(frames, self._max_frames):
                observation = self._pipeline.process(frame)
                for output in self._outputs:
                    output.publish(observation, frame)

    def _frames(self) -> Generator[Frame, None, None]:
        if self._watched:
            self._newest = NewestFrame(self._camera)
            return self._newest.frames(lambda: self._stopped)
        return every_frame(self._camera, lambda: self._stopped)

    def _report(self) -> None:
        overtaken = self._newest.overtaken if self._newest else 0
        logger.info(
            "stopped; %d frames overtaken by newer ones, %d unreadable", overtaken, self._camera.skipped
        )

    @property
    def _watched(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        camera, outputs = self._settings.camera, self._settings.outputs
        if camera.every_frame is not None:
            return not camera.every_frame
        return not is_recording(camera.source) or outputs.http or self._terminal

    @property
    def _interval(self) -> int | None:
        """Frames from one full look to the next; None to go by the time there is."""
        interval = self._settings.detector.interval
        if interval != AUTO:
            return int(interval)
        # Nothing waits for a recording without viewer, and what it says should not depend on the machine.
        return None if self._watched or not is_recording(self._settings.camera.source) else 1

    @property
    def _terminal(self) -> bool:
        outputs = self._settings.outputs
        return sys.stdout.isatty() and outputs.jsonl != "-" if outputs.terminal is None else outputs.terminal

    @property
    def _preview(self) -> bool:
        preview = self._settings.outputs.preview
        return self._settings.camera.source == "demo" if preview is None else preview

    @contextlib.contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in signals}

        def stop(number: int, _: FrameType | None) -> None:
            self.stop()
            signal.signal(number, before[signal.Signals(number)])  # asked twice: do not wait for anything

        for number in signals:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number in signals:
                signal.signal(number, before[number])


def set_vision_threads(threads: int) -> int:
    """Cap OpenCV's threads and return how many it may use; 0: one less than there are cores, at least 1."""
    import cv2

    chosen = threads or max(1, len(os.sched_getaffinity(0)) - 1)
    cv2.setNumThreads(chosen)
    return chosen


def make_detector(config: DetectorConfig) -> Detector:
    """The detector the configuration names. Raises what `open_detector` raises."""
    return open_detector(config.name, config.longest_side, config.threshold)


def _close(output: Output) -> None:
    with contextlib.suppress(ReaderGone):
        output.close()
