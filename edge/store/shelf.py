"""What is in the store, and what ships; read without a lock, since everything that is visible is whole."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from edge import bundles
from edge.bundles import Task
from edge.errors import MienError, ModelMissingError
from edge.store.state import Pointer, State, read_state
from edge.store.versions import SHIPPED, Wish, rank

TASKS: tuple[Task, ...] = ("expression", "detection")
DEFAULTS: dict[Task, str] = {"expression": bundles.DEFAULT_MODEL, "detection": bundles.DEFAULT_DETECTOR}


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that is there.

    Attributes:
        pointer: "NAME/VERSION-HASH" in the store, "shipped/NAME" for one that ships.
        active: whether it is the one to be used for its task.
        signer: of an installed one; None where nobody signed it.
        bad: why it was rolled back; None where it never was.
    """

    pointer: str
    path: Path
    name: str
    version: str
    task: Task
    quantisation: str
    active: bool = False
    signer: str | None = None
    bad: str | None = None

    @property
    def shipped(self) -> bool:
        return self.pointer.startswith(f"{SHIPPED}/")

    @property
    def full_name(self) -> str:
        """NAME@VERSION."""
        return f"{self.name}@{self.version}"


class Shelf:
    """The models below a folder, which need not be there.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._state_file = root / ".state.json"

    def active(self, task: Task) -> Pointer:
        """What the link says; None where there is none."""
        try:
            return os.readlink(self._link(task))
        except OSError:
            return None

    def folder(self, pointer: Pointer, task: Task) -> Path:
        """Where a pointer's bundle lies."""
        place, _, name = (pointer or f"{SHIPPED}/{DEFAULTS[task]}").partition("/")
        return bundles.SHIPPED / name if place == SHIPPED else self.root / place / name

    def entries(self) -> list[Entry]:
        """Installed and shipped models: by name, the newest version first. Damaged ones are left out."""
        state = self.state()
        active = {task: self.active(task) or f"{SHIPPED}/{DEFAULTS[task]}" for task in TASKS}
        shipped = [f"{SHIPPED}/{name}" for task in TASKS for name in bundles.shipped(task)]
        found = []
        for pointer in [*self._installed(), *shipped]:
            with contextlib.suppress(MienError):
                bundle = bundles.load_either(self.folder(pointer, "expression"))
                made = bundle.manifest
                found.append(
                    Entry(
                        pointer,
                        bundle.path,
                        made.name,
                        made.version,
                        made.task,
                        made.quantisation,
                        pointer == active[made.task],
                        state.signers.get(pointer),
                        state.bad.get(f"{made.name}@{made.version}"),
                    )
                )
        found.sort(key=lambda entry: rank(entry.version), reverse=True)
        return sorted(found, key=lambda entry: entry.name)

    def find(self, wish: Wish) -> Entry:
        """The model of a name, the newest version where none is asked for; an installed one before a shipped.

        Raises:
            ModelMissingError: there is none; the message lists what there is.
        """
        entries = self.entries()
        matching = [
            entry for entry in entries if entry.name == wish.name and wish.version in (None, entry.version)
        ]
        if not matching:
            asked = f"{wish.name}@{wish.version}" if wish.version else wish.name
            names = ", ".join(dict.fromkeys(entry.full_name for entry in entries)) or "none"
            raise ModelMissingError(f"no model '{asked}': there is {names}")
        return min(matching, key=lambda entry: entry.shipped)

    def state(self) -> State:
        """What the store remembers."""
        return read_state(self._state_file)

    def folders(self) -> frozenset[str]:
        """Pointers of the folders that are there; nobody looked into them."""
        files = self.root.glob("[!.]*/*/manifest.json")
        return frozenset(f"{file.parent.parent.name}/{file.parent.name}" for file in files)

    def _link(self, task: Task) -> Path:
        return self.root / f"active-{task}"

    def _installed(self) -> list[str]:
        """Pointers of the folders that are there, in the order in which they came."""
        there = self.folders()
        known = [pointer for pointer in self.state().installed if pointer in there]
        return [*sorted(there.difference(known)), *known]


def is_whole(folder: Path) -> bool:
    try:
        bundles.load_either(folder)
    except MienError:
        return False
    return True
