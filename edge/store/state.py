"""What the store remembers beside the models themselves: `.state.json`.

The link says what is active, and only the link; the history here says what was before it. It is written
before the link changes, so that it holds both the old and the new one, whichever the link names after a power
cut.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundles import Task

logger = logging.getLogger(__name__)
LONGEST = 8  # pointers a history remembers
# Where a model is: "NAME/VERSION-HASH" in the store, "shipped/NAME", or None for the default that ships.
Pointer = str | None


class Failures(NamedTuple):
    """What went wrong before while a model was on probation.

    Attributes:
        starts: daemons that died, in this boot of the machine.
        boots: boots that ended meanwhile: the power was cut, or the machine crashed.
    """

    starts: int
    boots: int


class Probation(BaseModel):
    """A model that has to prove itself.

    Attributes:
        starts: how often a daemon began to use it and did not come to the end of the probation, in one boot.
        boot: which boot that was.
        boots: earlier boots that ended while a daemon used it.
    """

    pointer: str
    starts: int = 0
    boot: str | None = None
    boots: int = 0

    def begin(self, boot: str | None) -> Failures:
        """Note that a daemon begins to use it, in this boot, and tell what failed before."""
        if boot != self.boot:
            self.boots += self.starts > 0
            self.starts, self.boot = 0, boot
        self.starts += 1
        return Failures(self.starts - 1, self.boots)


class TaskState(BaseModel):
    """Of one task.

    Attributes:
        history: pointers, the newest first.
        probation: of the active model, until it has proved itself.
    """

    history: list[Pointer] = []
    probation: Probation | None = None

    def before(self, active: Pointer) -> list[Pointer]:
        """What was active before, the newest first; at the end of it all stands the default."""
        rest = self.history[self.history.index(active) + 1 :] if active in self.history else []
        return rest if active is None or None in rest else [*rest, None]

    def add(self, pointer: Pointer, active: Pointer) -> None:
        """Note that `pointer` is about to take the place of `active`."""
        rest = [one for one in self.before(active) if one not in (pointer, active)]
        self.history = [pointer, active, *rest][:LONGEST]


class State(BaseModel):
    """Everything the store remembers.

    Attributes:
        installed: pointers in the order in which they were installed.
        signers: who signed a pointer's bundle.
        bad: NAME@VERSION of what was rolled back, and why.
    """

    model_config = ConfigDict(extra="ignore")  # an older mien must be able to read it

    installed: list[str] = []
    signers: dict[str, str] = {}
    bad: dict[str, str] = {}
    tasks: dict[Task, TaskState] = Field(default_factory=dict)

    def of(self, task: Task) -> TaskState:
        return self.tasks.setdefault(task, TaskState())


def read_state(file: Path) -> State:
    """What the file says; an empty state where there is none, or where it is damaged: models stay."""
    try:
        return State.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return State()
    except (OSError, ValidationError, ValueError) as error:
        logger.warning("%s is unreadable (%s): begun anew", file, str(error).splitlines()[0])
        return State()
