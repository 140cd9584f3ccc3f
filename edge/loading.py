"""A model on its way into the running daemon: loaded and tried in a thread of its own."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from edge import bundles
from edge.bundles import Bundle
from edge.classifier import Classifier
from edge.errors import MienError
from edge.events import ModelEvent
from edge.golden import check_golden
from edge.store.choosing import find_model
from edge.store.state import Pointer
from edge.store.store import Store

logger = logging.getLogger(__name__)
TASK: bundles.Task = "expression"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to go over to.

    Attributes:
        name: a path or a name.
        pointer: in the store, where its link asks for the model.
        after: what is told once it is in use: that another was given up for it.
        bad: the pointer of that other one, to be rolled back in the store.
    """

    name: str
    pointer: Pointer = None
    after: ModelEvent | None = None
    bad: Pointer = None


@dataclass(slots=True)
class Loading:
    """Loads a model for so many cameras; `thread` ends when that is done.

    Attributes:
        proved: whether the store knows that it is good.
        bundle: the model, unless there is a `failure`.
    """

    wanted: Wanted
    threads: int
    cameras: int
    store: Store
    proved: bool = False
    bundle: Bundle | None = None
    classifiers: list[Classifier] = field(default_factory=list)
    failure: MienError | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="model", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        wanted, path = self.wanted, self.wanted.name
        try:
            if wanted.bad is not None:
                self.proved = True
                if roll_back(self.store, wanted.bad, str(wanted.after and wanted.after.reason)):
                    path = str(self.store.folder(self.store.active(TASK), TASK))
            elif wanted.pointer is not None:
                # Before it is loaded: one that takes the daemon down with it is counted too.
                self.proved = count_start(self.store) is None
            bundle = bundles.load(str(find_model(path, self.store)))
            self.classifiers = [Classifier(bundle, self.threads) for _ in range(self.cameras)]
            check_golden(bundle, self.threads)
            self.bundle = bundle
        except MienError as error:
            self.failure = error
            if wanted.pointer is not None:
                roll_back(self.store, wanted.pointer, str(error))


def count_start(store: Store) -> int | None:
    """How often the active model failed before; None where it is not on probation, or nobody can count."""
    try:
        return store.count_start(TASK)
    except MienError as error:
        logger.warning("starts with this model are not counted: %s", error)
        return None


def roll_back(store: Store, pointer: str, reason: str) -> bool:
    """Whether the store now names another model than this bad one."""
    try:
        store.roll_back(TASK, pointer, reason)
    except MienError as error:
        logger.warning("%s stays active in the store: %s", pointer, error)
        return False
    return True
