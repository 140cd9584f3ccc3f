"""A model on its way into the running daemon: loaded and tried in a thread of its own."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Generic

from edge.bundles import Task
from edge.errors import MienError
from edge.events import ModelEvent
from edge.roles import B, M, Role
from edge.store.state import Failures, Pointer
from edge.store.store import Store

logger = logging.getLogger(__name__)


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
class Loading(Generic[B, M]):
    """Loads a model for so many cameras; `thread` ends when that is done.

    Attributes:
        proved: whether the store knows that it is good.
        bundle: the model, unless there is a `failure`.
        models: the same made ready, one a camera.
    """

    wanted: Wanted
    role: Role[B, M]
    cameras: int
    store: Store
    proved: bool = False
    bundle: B | None = None
    models: list[M] = field(default_factory=list)
    failure: MienError | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="model", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        wanted, path, role, task = self.wanted, self.wanted.name, self.role, self.role.task
        try:
            if wanted.bad is not None:
                self.proved = True
                if roll_back(self.store, task, wanted.bad, str(wanted.after and wanted.after.reason)):
                    path = str(self.store.folder(self.store.active(task), task))
            elif wanted.pointer is not None:
                # Before it is loaded: one that takes the daemon down with it is counted too.
                self.proved = count_start(self.store, task) is None
            bundle = role.load(path, self.store)
            self.models = [role.make(bundle) for _ in range(self.cameras)]
            role.check(bundle)
            self.bundle = bundle
        except MienError as error:
            self.failure = error
            if wanted.pointer is not None:
                roll_back(self.store, task, wanted.pointer, str(error))


def count_start(store: Store, task: Task) -> Failures | None:
    """What failed with the active model before; None where it is not on probation, or nobody can count."""
    try:
        return store.count_start(task)
    except MienError as error:
        logger.warning("starts with this model are not counted: %s", error)
        return None


def roll_back(store: Store, task: Task, pointer: str, reason: str) -> bool:
    """Whether the store now names another model than this bad one."""
    try:
        store.roll_back(task, pointer, reason)
    except MienError as error:
        logger.warning("%s stays active in the store: %s", pointer, error)
        return False
    return True
