"""The daemon's model of one task: chosen at start, switched between two frames, given up where it fails.

A new model is loaded, and answers its golden inputs, in a thread of its own while the old one goes on
(`edge/loading.py`). Then it is on probation: for a minute, its time is held against the budget. A model of
the store that does not pass is rolled back there too, and is remembered as bad. What differs between
expression models and face detectors stands in `edge/roles.py`.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from edge.errors import MienError, ModelUnfitError
from edge.events import ModelEvent, ModelPhase
from edge.loading import Loading, Wanted, count_start, roll_back
from edge.roles import B, M, Reader, Role
from edge.store.state import Failures, Pointer
from edge.store.store import Store
from edge.store.versions import split_pointer

logger = logging.getLogger(__name__)
PROBATION = 60.0  # seconds
FEWEST = 30  # faces, or looks, that a median is taken of
MOST_STARTS = 2  # that may fail within a probation, in one boot
MOST_BOOTS = 5  # that may end within a probation; it is seldom the model that ends them
PATIENCE = 60.0  # seconds a thread waits for somebody who changes the store
AT_ONCE = 0.5  # seconds the daemon itself does


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


class Slot(Generic[B, M]):
    """Which model is in use for a task.

    Args:
        role: what the model does.
        root: the store's folder.
        publish: takes the events.
    Attributes:
        bundle: the one in use.
    Raises:
        MienError: none can be loaded.
    """

    def __init__(self, role: Role[B, M], root: Path, publish: Callable[[ModelEvent], None]) -> None:
        self._role, self._publish = role, publish
        self._store, self._hasty = Store(root, PATIENCE), Store(root, AT_ONCE)
        self._given_up: list[ModelEvent] = []
        self._probation: Probation | None = None
        self._wanted: deque[Wanted] = deque()
        self._loading: Loading[B, M] | None = None
        self.bundle: B = self._first()
        self._seen = self._store.active(role.task)

    def tell(self) -> None:
        """Publish what is in use, and what was given up for it."""
        self._publish(self._loaded())
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
                self._loading = Loading(wanted, self._role, len(readers), self._store)
        self._judge(readers)

    def end(self) -> None:
        """The daemon ends in order: this start says nothing against the model."""
        probation, self._probation = self._probation, None
        if probation is not None and probation.pointer is not None:
            self._end_probation(probation.pointer, proved=False)

    def _first(self) -> B:
        role, task = self._role, self._role.task
        if role.fixed is not None:
            return role.load(role.fixed, self._store)
        while (pointer := self._store.active(task)) is not None:
            path = self._store.folder(pointer, task)
            failures = count_start(self._hasty, task)
            try:
                if failures is not None:
                    _refuse_if_fatal(path, failures)
                bundle = role.load(str(path), self._store)
                if failures is not None:
                    role.check(bundle)
                    self._probation = Probation(pointer, str(path), time.monotonic() + PROBATION)
                return bundle
            except MienError as error:
                logger.warning("%s; the model before is used", error)
                self._given_up.append(self._event("rolled_back", *split_pointer(pointer), str(error)))
                if not roll_back(self._hasty, task, pointer, str(error)):
                    break
        return role.load(str(self._store.folder(None, task)), self._store)

    def _follow_the_store(self) -> None:
        task = self._role.task
        pointer = self._store.active(task) if self._role.fixed is None else self._seen
        if pointer != self._seen:
            self._seen = pointer
            self._wanted.append(Wanted(str(self._store.folder(pointer, task)), pointer))

    def _finish(self, loading: Loading[B, M], readers: Sequence[Reader]) -> None:
        wanted, bundle = loading.wanted, loading.bundle
        if loading.failure is not None or bundle is None:
            logger.warning("model %s: %s", wanted.name, loading.failure)
            name, version = split_pointer(wanted.pointer) if wanted.pointer else (wanted.name, None)
            self._publish(self._event("refused", name, version, str(loading.failure)))
            return
        if len(loading.models) < len(readers):  # there are more cameras than there were
            self._wanted.appendleft(wanted)
            return
        for reader, model in zip(readers, loading.models, strict=False):
            self._role.use(reader, model)
        before, self.bundle = self.bundle, bundle
        until = time.monotonic() + PROBATION
        self._probation = None if loading.proved else Probation(wanted.pointer, str(before.path), until)
        logger.info("model %s %s is in use", bundle.manifest.name, bundle.manifest.version)
        self._publish(self._loaded())
        if wanted.after is not None:
            self._publish(wanted.after)

    def _judge(self, readers: Sequence[Reader]) -> None:
        probation, role = self._probation, self._role
        if probation is None:
            return
        # Copied first: the cameras' threads add to them meanwhile.
        seconds = [second for reader in readers for second in list(role.seconds(reader))]
        took = 1000 * statistics.median(seconds) if len(seconds) >= FEWEST else 0.0
        if took > role.budget_ms:
            self._probation = None
            made = self.bundle.manifest
            reason = (
                f"{role.measured} takes {took:.1f} ms, more than {role.budget_key} = {role.budget_ms:g}: "
                "the model before is used"
            )
            logger.warning("model %s %s: %s", made.name, made.version, reason)
            event = self._event("rolled_back", made.name, made.version, reason)
            self._wanted.appendleft(Wanted(probation.before, after=event, bad=probation.pointer))
        elif time.monotonic() >= probation.until:
            self._probation = None
            if probation.pointer is not None:
                self._end_probation(probation.pointer, proved=True)

    def _end_probation(self, pointer: str, *, proved: bool) -> None:
        try:
            self._hasty.end_probation(pointer, self._role.task, proved=proved)
        except MienError as error:
            logger.warning("the store does not know that %s is good: %s", pointer, error)

    def _loaded(self) -> ModelEvent:
        made = self.bundle.manifest
        return ModelEvent(
            state="loaded",
            name=made.name,
            version=made.version,
            quantisation=made.quantisation,
            task=made.task,
        )

    def _event(
        self, state: ModelPhase, name: str, version: str | None = None, reason: str | None = None
    ) -> ModelEvent:
        return ModelEvent(state=state, name=name, version=version, reason=reason, task=self._role.task)


def _refuse_if_fatal(path: Path, failures: Failures) -> None:
    """Raises ModelUnfitError for a model that took too much down with it."""
    if failures.starts >= MOST_STARTS:
        took = f"{path} took the daemon down {failures.starts} times"
    elif failures.boots >= MOST_BOOTS:
        took = f"the machine went down {failures.boots} times soon after it began to use {path}"
    else:
        return
    raise ModelUnfitError(f"{took}: install a better version")
