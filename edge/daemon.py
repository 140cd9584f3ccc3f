"""The daemon: startup → main loop → shutdown.

Each camera is looked through in a thread of its own (`edge/watching.py`); the main thread waits for commands,
looks after everything and ends it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from edge import bundles
from edge.bus import Bus
from edge.cameras import is_recording
from edge.capture import Source
from edge.control import Command, Control, SwitchModel
from edge.detectors import Detector, open_detector
from edge.errors import MienError
from edge.events import ModelEvent
from edge.outputs import Output, ReaderGone
from edge.settings import AUTO, CameraConfig, DetectorConfig, Settings
from edge.sources import camera_sections, open_source, takes_newest
from edge.watching import Watcher

logger = logging.getLogger(__name__)
TICK = 0.1  # seconds between looks at what may have ended
PATIENCE = 1.0  # seconds a camera's thread is waited for at the end


class Daemon:
    """Looks through its cameras until they end, enough frames are done, or a signal asks to stop.

    Args:
        settings: the effective configuration.
        max_frames: stop a camera after so many processed frames; None for no limit.
    """

    def __init__(self, settings: Settings, max_frames: int | None = None) -> None:
        self._settings = settings
        self._max_frames = max_frames
        self._stopped = False
        self._bus = Bus()
        self._control = Control()
        self._watchers: list[Watcher] = []
        self._outputs: list[Output] = []

    def run(self) -> None:
        """Start, work, stop.

        Raises:
            MienError: what cannot be opened, a camera that dies, an output that cannot be written.
        """
        with self._stop_on_signals(), contextlib.suppress(ReaderGone), contextlib.ExitStack() as shutdown:
            self._startup(shutdown)
            self._main_loop()

    def stop(self) -> None:
        """Ask the main loop to end; from any thread or signal handler."""
        self._stopped = True

    def _startup(self, shutdown: contextlib.ExitStack) -> None:
        settings = self._settings
        set_vision_threads(settings.detector.threads)
        sections = camera_sections(settings)
        # Everything that may be missing is opened before anything runs.
        sources = {open_source(name, config, self._watched): config for name, config in sections.items()}
        self._watchers = [self._watcher(source, config) for source, config in sources.items()]
        for output in self._make_outputs([source.name for source in sources]):
            output.start()
            shutdown.callback(_close, output)
            self._outputs.append(output)
        shutdown.callback(self._end_watchers)
        for watcher in self._watchers:
            watcher.start()

    def _watcher(self, source: Source, config: CameraConfig) -> Watcher:
        from edge.classifier import Classifier
        from edge.finding import Finder
        from edge.people import People
        from edge.pipeline import Pipeline
        from edge.smoothing import MaskVote, Smoother
        from edge.tracking import Tracker

        settings = self._settings
        calm = settings.smoothing
        detector = make_detector(settings.detector)
        classifier = Classifier(bundles.load(settings.model.name), settings.model.threads)
        pipeline = Pipeline(
            Finder(detector, Tracker(calm.survive), self._interval(config)),
            classifier,
            Smoother(calm.time_constant),
            MaskVote(calm.mask_time_constant),
            source.fps,
        )
        self._tell_model(classifier.bundle)
        manifest = classifier.bundle.manifest
        model = f"{manifest.name} {manifest.version}"
        logger.info("camera %s, detector %s, model %s", source.name, detector.name, model)
        return Watcher(source, pipeline, People(settings.people), self._bus, self._max_frames)

    def _make_outputs(self, cameras: list[str]) -> Iterator[Output]:
        # Each output brings its own libraries, so it is imported only when it is wanted.
        wanted = self._settings.outputs
        if wanted.jsonl is not None:
            from edge.outputs.jsonl import JsonLines

            yield JsonLines(
                self._bus,
                wanted.jsonl,
                interval=wanted.jsonl_interval,
                limit=int(wanted.jsonl_megabytes * 1e6),
                keep=wanted.jsonl_keep,
                wait_while=(lambda: not self._stopped) if self._only_recordings else None,
            )
        if wanted.socket is not None:
            from edge.outputs.unix_socket import UnixSocket

            yield UnixSocket(self._bus, wanted.socket)
        page = None
        if wanted.http:
            from edge.outputs.http import HttpServer

            server = HttpServer(self._bus, *wanted.host_port, self._preview, cameras[0])
            yield server
            page = server.url
            logger.info("page at %s", page)
        if self._terminal:
            from edge.outputs.terminal import TerminalView

            yield TerminalView(self._bus, cameras[0], page)

    def _main_loop(self) -> None:
        while not self._stopped and not all(watcher.ended for watcher in self._watchers):
            command = self._control.next(TICK)
            if command is not None:
                self._obey(command)
            self._raise_failures()
        self._raise_failures()

    def _raise_failures(self) -> None:
        failures = [watcher.failure for watcher in self._watchers]
        failures += [output.failure for output in self._outputs]
        for failure in failures:
            if failure is not None:
                raise failure

    def _obey(self, command: Command) -> None:
        if isinstance(command, SwitchModel):
            self._switch_model(command.name)

    def _switch_model(self, name: str) -> None:
        from edge.classifier import Classifier

        try:
            bundle = bundles.load(name)
            classifiers = [Classifier(bundle, self._settings.model.threads) for _ in self._watchers]
        except MienError as error:
            logger.warning("model %s: %s", name, error)
            self._bus.publish(ModelEvent(state="refused", name=name, reason=str(error)))
            return
        for watcher, classifier in zip(self._watchers, classifiers, strict=True):
            watcher.use(classifier)
        self._tell_model(bundle)

    def _tell_model(self, bundle: bundles.Bundle) -> None:
        made = bundle.manifest
        self._bus.publish(
            ModelEvent(state="loaded", name=made.name, version=made.version, quantisation=made.quantisation)
        )

    def _end_watchers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        for watcher in self._watchers:
            watcher.stop()
        for watcher in self._watchers:
            watcher.join(max(0.0, deadline - time.monotonic()))
            source = watcher.source
            logger.info(
                "end of %s; %d frames overtaken by newer ones, %d unreadable",
                source.name,
                source.overtaken,
                source.skipped,
            )

    @property
    def _watched(self) -> bool:
        """Whether somebody may look on, on the page or in the terminal."""
        return self._settings.outputs.http or self._terminal

    @property
    def _only_recordings(self) -> bool:
        """Whether every frame of every camera is wanted, so that nothing is lost while an output is slow."""
        return not any(
            takes_newest(config, self._watched) for config in camera_sections(self._settings).values()
        )

    def _interval(self, config: CameraConfig) -> int | None:
        """Frames from one full look to the next; None to go by the time there is."""
        interval = self._settings.detector.interval
        if interval != AUTO:
            return int(interval)
        # Nothing waits for a recording without viewer, and what it says should not depend on the machine.
        return None if takes_newest(config, self._watched) or not is_recording(config.source) else 1

    @property
    def _terminal(self) -> bool:
        outputs = self._settings.outputs
        return sys.stdout.isatty() and outputs.jsonl != "-" if outputs.terminal is None else outputs.terminal

    @property
    def _preview(self) -> bool:
        preview = self._settings.outputs.preview
        sources = {config.source for config in camera_sections(self._settings).values()}
        return sources == {"demo"} if preview is None else preview

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
