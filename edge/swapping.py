"""The daemon's expression model: chosen at start, switched between two frames, given up where it fails.

A new model is loaded, and answers its golden inputs, in a thread of its own while the old one goes on
(`edge/loading.py`). Then it is on probation: for a minute, its time for a face is held against the budget. A
model of the store that does not pass is rolled back there too, and is remembered as bad.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge import bundles
from edge.bundles import Bundle
from edge.classifier import Classifier
from edge.errors import MienError, ModelUnfitError
from edge.events import ModelEvent, ModelPhase
from edge.golden import check_golden
from edge.loading import TASK, Loading, Wanted, count_start, roll_back
from edge.settings import ModelConfig
from edge.store.choosing import find_model, open_store
from edge.store.state import Pointer
from edge.store.store import Store
from edge.store.versions import split_pointer

logger = logging.getLogger(__name__)
PROBATION = 60.0  # seconds
FEWEST = 30  # faces that a median is taken of
MOST_STARTS = 2  # that may fail within a probation
PATIENCE = 60.0  # seconds a thread waits for somebody who changes the store
AT_ONCE = 0.5  # seconds the daemon itself does


class Reader(Protocol):
    """Reads faces with a model; `edge.watching.Watcher` is one.

    Attributes:
        face_seconds: what the newest faces took with the model in use.
    """

    face_seconds: deque[float]

    def use(self, classifier: Classifier) -> None: ...


@dataclass(frozen=True, slots=True)
class Probation:
    """Of the model in use.

    Attributes:
        pointer: in the store; None for one that somebody asked for.
        before: the folder of the model to go back to.
        until: monotonic seconds.
    """

    pointer: Pointer
    before: str
    until: float


class Models:
    """Which model is in use.

    Args:
        config: of the model.
        publish: takes the events.
    Attributes:
        bundle: the one in use.
    Raises:
        MienError: none can be loaded.
    """

    def __init__(self, config: ModelConfig, publish: Callable[[ModelEvent], None]) -> None:
        self._config, self._publish = config, publish
        root = open_store(config).root
        self._store, self._hasty = Store(root, PATIENCE), Store(root, AT_ONCE)
        self._given_up: list[ModelEvent] = []
        self._probation: Probation | None = None
        self._wanted: deque[Wanted] = deque()
        self._loading: Loading | None = None
        self.bundle = self._first()
        self._seen = self._store.active(TASK)

    def tell(self) -> None:
        """Publish what is in use, and what was given up for it."""
        self._publish(_loaded(self.bundle))
        for event in self._given_up:
            self._publish(event)
        self._given_up.clear()

    def ask(self, name: str) -> None:
        """Use another model as soon as it is loaded; one that cannot be leaves the old one in place."""
        self._wanted.append(Wanted(name))

    def look(self, readers: Sequence[Reader]) -> None:
        """Go on with whatever is due; mostly that is a look at a link."""
        self._follow_the_store()
        if self._loading is not None and not self._loading.thread.is_alive():
            loading, self._loading = self._loading, None
            self._finish(loading, readers)
        if self._loading is None and self._wanted:
            wanted = self._wanted.popleft()
            if wanted.name != str(self.bundle.path):
                self._loading = Loading(wanted, self._config.threads, len(readers), self._store)
        self._judge(readers)

    def end(self) -> None:
        """The daemon ends in order: this start says nothing against the model."""
        if self._probation is not None and self._probation.pointer is not None:
            self._end_probation(self._hasty, self._probation.pointer, proved=False)

    def _first(self) -> Bundle:
        if self._config.name is not None:
            return bundles.load(str(find_model(self._config.name, self._store)))
        while (pointer := self._store.active(TASK)) is not None:
            path = self._store.folder(pointer, TASK)
            failed = count_start(self._hasty)
            try:
                if failed is not None and failed >= MOST_STARTS:
                    raise ModelUnfitError(
                        f"{path} took the daemon down {failed} times: install a better version"
                    )
                bundle = bundles.load(str(path))
                if failed is not None:
                    check_golden(bundle, self._config.threads)
                    self._probation = Probation(pointer, str(path), time.monotonic() + PROBATION)
                return bundle
            except MienError as error:
                logger.warning("%s; the model before is used", error)
                self._given_up.append(_event("rolled_back", *split_pointer(pointer), str(error)))
                if not roll_back(self._hasty, pointer, str(error)):
                    break
        return bundles.load(str(self._store.folder(None, TASK)))

    def _follow_the_store(self) -> None:
        pointer = self._store.active(TASK) if self._config.name is None else self._seen
        if pointer != self._seen:
            self._seen = pointer
            self._wanted.append(Wanted(str(self._store.folder(pointer, TASK)), pointer))

    def _finish(self, loading: Loading, readers: Sequence[Reader]) -> None:
        wanted, bundle = loading.wanted, loading.bundle
        if loading.failure is not None or bundle is None:
            logger.warning("model %s: %s", wanted.name, loading.failure)
            name, version = split_pointer(wanted.pointer) if wanted.pointer else (wanted.name, None)
            self._publish(_event("refused", name, version, str(loading.failure)))
            return
        if len(loading.classifiers) < len(readers):  # there are more cameras than there were
            self._wanted.appendleft(wanted)
            return
        for reader, classifier in zip(readers, loading.classifiers, strict=False):
            reader.use(classifier)
        before, self.bundle = self.bundle, bundle
        until = time.monotonic() + PROBATION
        self._probation = None if loading.proved else Probation(wanted.pointer, str(before.path), until)
        logger.info("model %s %s is in use", bundle.manifest.name, bundle.manifest.version)
        self._publish(_loaded(bundle))
        if wanted.after is not None:
            self._publish(wanted.after)

    def _judge(self, readers: Sequence[Reader]) -> None:
        probation = self._probation
        if probation is None:
            return
        seconds = [second for reader in readers for second in reader.face_seconds]
        took = 1000 * statistics.median(seconds) if len(seconds) >= FEWEST else 0.0
        if took > self._config.budget_ms:
            self._probation = None
            made = self.bundle.manifest
            reason = (
                f"a face takes {took:.1f} ms, more than model.budget_ms = {self._config.budget_ms:g}: "
                "the model before is used"
            )
            logger.warning("model %s %s: %s", made.name, made.version, reason)
            event = _event("rolled_back", made.name, made.version, reason)
            self._wanted.appendleft(Wanted(probation.before, after=event, bad=probation.pointer))
        elif time.monotonic() >= probation.until:
            self._probation = None
            if probation.pointer is not None:
                self._end_probation(self._hasty, probation.pointer, proved=True)

    def _end_probation(self, store: Store, pointer: str, *, proved: bool) -> None:
        try:
            store.end_probation(pointer, TASK, proved=proved)
        except MienError as error:
            logger.warning("the store does not know that %s is good: %s", pointer, error)


def _loaded(bundle: Bundle) -> ModelEvent:
    made = bundle.manifest
    return ModelEvent(state="loaded", name=made.name, version=made.version, quantisation=made.quantisation)


def _event(state: ModelPhase, name: str, version: str | None = None, reason: str | None = None) -> ModelEvent:
    return ModelEvent(state=state, name=name, version=version, reason=reason)
