"""The daemon: startup → main loop → shutdown.

Each camera is looked through in a thread of its own (`edge/watching.py`), and each output has one
(`edge/outputs`); the main thread obeys commands, looks after everything and ends it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from edge import notify
from edge.bus import Bus
from edge.control import Command, Control, Pause, Reload, SwitchModel
from edge.errors import MienError
from edge.health.pressure import Adaptation, Counts
from edge.health.watch import PERIOD, HealthWatch
from edge.in_use import Models
from edge.outputs import Output, ReaderGone
from edge.outputs.wanted import Wanted, has_viewer, wanted_outputs
from edge.settings import Settings
from edge.sources import camera_sections
from edge.watching import Watcher, adapted_side, make_watcher, set_vision_threads

logger = logging.getLogger(__name__)
TICK = 0.1  # seconds between looks at what may have ended
PATIENCE = 1.0  # seconds a camera's thread is waited for at the end
OUTPUTS = ("outputs", "http", "mqtt")  # sections that decide about outputs alone
HUNG = 10.0  # seconds without a frame after which a camera that should give some hangs


class Daemon:
    """Looks through its cameras until they end, enough frames are done, or a signal asks to stop.

    Args:
        read: reads the effective configuration, now and at each reload.
        max_frames: stop a camera after so many processed frames; None for no limit.
    Attributes:
        control: takes commands while it runs.
    """

    def __init__(self, read: Callable[[], Settings], max_frames: int | None = None) -> None:
        self._read = read
        self._settings = read()
        self._max_frames = max_frames
        self._stopped = False
        self._bus = Bus()
        self.control = Control()
        self._watchers: list[Watcher] = []
        self._outputs: dict[str, tuple[Wanted, Output]] = {}
        self._health_due = 0.0
        self._said_of_health = "well again"
        self._ping = notify.watchdog_interval()
        self._pinged = 0.0

    def run(self) -> None:
        """Start, work, stop.

        Raises:
            MienError: what cannot be opened, a camera that dies, an output that cannot be written.
        """
        with self._obey_signals(), contextlib.suppress(ReaderGone), contextlib.ExitStack() as shutdown:
            self._startup(shutdown)
            self._main_loop()

    def stop(self) -> None:
        """Ask the main loop to end; from any thread or signal handler."""
        self._stopped = True

    def _startup(self, shutdown: contextlib.ExitStack) -> None:
        self._begin_anew(self._settings)
        # Everything that may be missing is opened before anything runs.
        self._models = Models(self._settings, self._bus.publish)
        shutdown.push(self._end_models)
        self._watchers = self._make_watchers(self._settings, self._models, patient=notify.is_service())
        shutdown.callback(self._close_outputs)
        self._start_outputs(self._settings)
        shutdown.callback(self._end_watchers)
        self._start_watchers()
        notify.ready(self._summary())
        shutdown.callback(notify.stopping)

    def _main_loop(self) -> None:
        while not self._stopped and not all(watcher.ended for watcher in self._watchers):
            command = self.control.next(TICK)
            if command is not None:
                self._obey(command)
            self._raise_failures()
            self._models.look(self._watchers)
            self._look_after_health()
            self._tell_life()
        self._raise_failures()

    def _obey(self, command: Command) -> None:
        match command:
            case SwitchModel(name):
                self._models.ask(name)
            case Pause(paused, camera):
                for watcher in self._watchers:
                    if camera in (None, watcher.source.name):
                        watcher.source.pause(paused)
            case Reload():
                notify.reloading()
                self._reload()
                notify.ready(self._summary())

    def _reload(self) -> None:
        """Bring everything in line with the configuration as it is now; a bad one changes nothing."""
        try:
            settings = self._read()
            anew = _seeing(settings) != _seeing(self._settings)
            models = Models(settings, self._bus.publish, self._models)
            watchers = self._make_watchers(settings, models) if anew else []
        except MienError as error:
            logger.error("the configuration was not applied: %s", error)
            return
        if anew:
            self._end_watchers()
            self._watchers, self._models = watchers, models
            self._begin_anew(settings)
        before, self._settings = self._settings, settings
        try:
            self._start_outputs(settings)
        except MienError as error:
            logger.error("the outputs were left as they were: %s", error)
            self._settings = settings.model_copy(update={name: getattr(before, name) for name in OUTPUTS})
            self._start_outputs(self._settings)
        if anew:
            self._start_watchers()
        logger.info("the configuration was read again")

    def _make_watchers(self, settings: Settings, models: Models, *, patient: bool = True) -> list[Watcher]:
        viewer = has_viewer(settings)
        return [
            make_watcher(
                name,
                config,
                settings,
                models.expression,
                models.detection,
                viewer,
                self._bus,
                patient=patient,
                max_frames=self._max_frames,
            )
            for name, config in camera_sections(settings).items()
        ]

    def _begin_anew(self, settings: Settings) -> None:
        """Use all threads the configuration allows, and look after the machine from there."""
        threads = set_vision_threads(settings.detector.threads)
        self._health, self._adaptation = HealthWatch(settings.health, threads), Adaptation(1, 1.0, threads)

    def _start_watchers(self) -> None:
        self._models.tell()
        made, detection = self._models.expression.manifest, self._models.detection
        detector = self._settings.detector.name
        if detection is not None:
            detector = f"{detection.manifest.name} {detection.manifest.version}"
        for watcher in self._watchers:
            logger.info(
                "camera %s, detector %s, model %s %s",
                watcher.source.name,
                detector,
                made.name,
                made.version,
            )
            watcher.start()

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

    def _start_outputs(self, settings: Settings) -> None:
        """End the outputs that are not wanted any more and start the ones that are not there yet."""
        wanted = wanted_outputs(
            settings,
            self._bus,
            self.control,
            lambda: [watcher.source for watcher in self._watchers],
            lambda: not self._stopped,
            lambda: self._health.vitals.temperature,
        )
        # Made before anything is closed: a token or password that cannot be read changes nothing.
        made = {
            name: wish.make()
            for name, wish in wanted.items()
            if name not in self._outputs or self._outputs[name][0].key != wish.key
        }
        for name, (_, output) in list(self._outputs.items()):
            if name not in wanted or name in made:
                del self._outputs[name]
                output.close()
        for name, output in made.items():
            output.start()
            self._outputs[name] = wanted[name], output

    def _close_outputs(self) -> None:
        with contextlib.ExitStack() as closing:  # one that fails must not keep the others open
            for _, output in self._outputs.values():
                closing.callback(output.close)
            self._outputs.clear()

    def _end_models(self, _: object, fault: BaseException | None, __: object) -> None:
        """An end in order, or by what a person has to mend, says nothing against the models."""
        if fault is None or isinstance(fault, MienError | ReaderGone):
            self._models.end()

    def _raise_failures(self) -> None:
        failures = [watcher.failure for watcher in self._watchers]
        failures += [output.failure for _, output in self._outputs.values()]
        for failure in failures:
            if failure is not None:
                raise failure

    def _look_after_health(self) -> None:
        now = time.monotonic()
        if now < self._health_due:
            return
        self._health_due = now + PERIOD
        processed = sum(watcher.processed for watcher in self._watchers)
        overtaken = sum(watcher.source.overtaken for watcher in self._watchers)
        event = self._health.look(now, Counts(processed + overtaken, processed, overtaken))
        if event is not None:
            self._bus.publish(event)
            well = not (event.level or event.conditions)
            line = "well again" if well else ", ".join((*event.conditions, *event.steps))
            if line != self._said_of_health:
                logger.info("health: %s", line)
            self._said_of_health = line
        if self._health.adaptation != self._adaptation:
            self._adapt(self._health.adaptation)

    def _adapt(self, wanted: Adaptation) -> None:
        before, self._adaptation = self._adaptation, wanted
        set_vision_threads(wanted.threads)
        if (before.side_factor, before.interval_factor) == (wanted.side_factor, wanted.interval_factor):
            return
        side = adapted_side(self._settings.detector, wanted.side_factor)
        for watcher in self._watchers:
            watcher.adapt(side, wanted.interval_factor)

    def _tell_life(self) -> None:
        """Ping systemd's watchdog while every camera's frames advance, or are known not to."""
        now = time.monotonic()
        if self._ping is None or now - self._pinged < self._ping:
            return
        alive = (one.ended or one.source.down or now - one.beat < HUNG for one in self._watchers)
        if all(alive):
            self._pinged = now
            notify.watchdog()

    def _summary(self) -> str:
        return "looking through " + ", ".join(watcher.source.name for watcher in self._watchers)

    @contextlib.contextmanager
    def _obey_signals(self) -> Iterator[None]:
        ends = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in (*ends, signal.SIGHUP)}
        # A terminal that is closed says the same as `systemctl reload`; there it should end what runs in it.
        service = before[signal.SIGHUP] == signal.SIG_DFL and not os.isatty(0)

        def stop(number: int, _: FrameType | None) -> None:
            self.stop()
            signal.signal(number, before[signal.Signals(number)])  # asked twice: do not wait for anything

        for number in ends:
            signal.signal(number, stop)
        if service:
            signal.signal(signal.SIGHUP, lambda *_: self.control.ask(Reload()))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _seeing(settings: Settings) -> dict[str, object]:
    """What decides about the cameras' work; the rest is the outputs' business."""
    viewer = has_viewer(settings)
    return {**settings.model_dump(exclude={*OUTPUTS}), "viewer": viewer}
