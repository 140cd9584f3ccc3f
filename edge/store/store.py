"""The device's models in a folder:

NAME/VERSION-HASH/      a bundle
active-expression       a link to the bundle in use, or to shipped/NAME; none: the default that ships
active-detection
.state.json .lock       history, probation, what was bad; who changes the store
.incoming/              what is not whole yet; emptied by the next change
.downloads/             files on their way
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from edge import bundles
from edge.bundles import Bundle, DetectionBundle, Task
from edge.errors import ModelMissingError, StoreError
from edge.store.boot import boot_id
from edge.store.disk import discard, move, replace_file, replace_link, writing
from edge.store.lock import PATIENCE, locked
from edge.store.shelf import DEFAULTS, TASKS, Entry, Shelf, is_whole
from edge.store.state import Failures, Pointer, Probation, State
from edge.store.versions import SHIPPED, Wish, check_name, rank, split_pointer

KEPT = 2  # installed versions of a name
HASH = 8  # hexadecimal digits of a manifest's sha256 in a folder's name


class Store(Shelf):
    """A shelf that can be changed. Every change holds the lock.

    Args:
        patience: seconds to wait for another process that changes it.
    Raises:
        StoreError: by every change, where another process does not let go of the lock.
        OutputError: by every change, where the disk cannot be written.
    """

    def __init__(self, root: Path, patience: float = PATIENCE) -> None:
        super().__init__(root)
        self._patience = patience
        self._scratch = root / ".incoming"

    def install(self, fill: Callable[[Path], str | None], *, use: bool = False, force: bool = False) -> Entry:
        """Take in a bundle.

        Args:
            fill: makes the folder it is given, writes the bundle into it, checks it, and returns who signed.
            use: also make it the active one.
            force: also where a newer version is there.
        Raises:
            StoreError: a newer version is there.
            MienError: what `fill` raises.
        """
        with self._changing("mien models install"):
            stage = self._scratch / uuid.uuid4().hex
            signer = fill(stage)
            bundle = bundles.load_either(stage)
            made = bundle.manifest
            check_name(made.name)
            if not force:
                self._refuse_older(bundle)
            digest = bundles.sha256(stage / "manifest.json")[:HASH]
            pointer = f"{made.name}/{made.version}-{digest}"
            place = self.folder(pointer, made.task)
            state = self.state()
            state.installed = [*(one for one in state.installed if one != pointer), pointer]
            state.signers.pop(pointer, None)
            if signer is not None:
                state.signers[pointer] = signer
            self._write(state)
            if place.exists() and not is_whole(place):
                discard(place, self._scratch)
            if not place.exists():
                move(stage, place)
            if use:
                self._point(made.task, pointer)
            self._prune(made.name, pointer)
        return next(entry for entry in self.entries() if entry.pointer == pointer)

    def use(self, wish: Wish) -> Entry:
        """Make a model the active one of its task.

        Raises:
            ModelMissingError: there is none of that name.
        """
        with self._changing("mien models use"):
            entry = self.find(wish)
            self._point(entry.task, entry.pointer)
        return entry

    def roll_back(self, task: Task = "expression", bad: Pointer = None, reason: str = "") -> Pointer:
        """Go back to what was active before.

        Args:
            bad: the model to be left and remembered as bad; nothing happens where another is active by now.
                None leaves the active one without a mark.
            reason: why it is bad.
        Returns:
            what is active then.
        Raises:
            ModelMissingError: nothing was active before.
        """
        with self._changing("mien models rollback"):
            active, state = self.active(task), self.state()
            if bad is not None:
                state.bad[self._full_name(bad)] = reason
                self._write(state)
            if bad not in (None, active):
                return active
            # Its probation stays noted until then: after a power cut here the bad one is still on it.
            target = self._previous(state, task)
            replace_link(self._link(task), target, self._scratch)
            return target

    def remove(self, wish: Wish) -> list[str]:
        """Take away the installed versions of a name, or one of them, and return what went.

        Raises:
            ModelMissingError: none is installed; the message lists what is.
            StoreError: one of them is the active one.
        """
        with self._changing("mien models remove"):
            installed = [entry for entry in self.entries() if not entry.shipped]
            going = [
                entry
                for entry in installed
                if entry.name == wish.name and wish.version in (None, entry.version)
            ]
            if not going:
                names = ", ".join(entry.full_name for entry in installed) or "none"
                raise ModelMissingError(
                    f"'{wish.name}' is not installed, so it cannot be removed: there is {names}"
                )
            for entry in going:
                if entry.active:
                    raise StoreError(f"{entry.full_name} is in use: use another before you remove it")
            for entry in going:
                self._forget(entry.pointer)
        return [entry.full_name for entry in going]

    def count_start(self, task: Task = "expression") -> Failures | None:
        """Note that a daemon begins to use the active model; what failed before, or None where it is not on
        probation."""
        if not self._on_probation(task):
            return None
        with self._changing("a start of the daemon"):
            state = self.state()
            probation = state.of(task).probation
            if probation is None or probation.pointer != self.active(task):
                return None
            failures = probation.begin(boot_id())
            self._write(state)
            return failures

    def end_probation(self, pointer: str, task: Task = "expression", *, proved: bool = True) -> None:
        """The model has proved itself; or the daemon ends in order and this start does not count."""
        with self._changing("the end of a probation"):
            state = self.state()
            probation = state.of(task).probation
            if probation is None or probation.pointer != pointer:
                return
            if proved:
                state.of(task).probation = None
            else:
                probation.starts = max(0, probation.starts - 1)
            self._write(state)

    @contextlib.contextmanager
    def _changing(self, purpose: str) -> Iterator[None]:
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with locked(self.root / ".lock", purpose, self._patience):
                shutil.rmtree(self._scratch, ignore_errors=True)
                self._scratch.mkdir(exist_ok=True)
                try:
                    yield
                finally:
                    shutil.rmtree(self._scratch, ignore_errors=True)

    def _on_probation(self, task: Task) -> bool:
        probation = self.state().of(task).probation
        return probation is not None and probation.pointer == self.active(task)

    def _previous(self, state: State, task: Task) -> Pointer:
        active = self.active(task)
        for pointer in state.of(task).before(active):
            if pointer is None or (
                is_whole(self.folder(pointer, task)) and self._full_name(pointer) not in state.bad
            ):
                return pointer
        raise ModelMissingError(f"nothing to roll back to: the default, {DEFAULTS[task]}, is in use")

    def _full_name(self, pointer: str) -> str:
        name, version = split_pointer(pointer)
        return f"{name}@{version or SHIPPED}"

    def _refuse_older(self, bundle: Bundle | DetectionBundle) -> None:
        made = bundle.manifest
        for entry in self.entries():
            if entry.name == made.name and rank(entry.version) > rank(made.version):
                raise StoreError(
                    f"{made.name} {made.version} is older than {entry.version}, which is there: "
                    "--force installs it all the same"
                )

    def _point(self, task: Task, chosen: str) -> None:
        pointer = None if chosen == f"{SHIPPED}/{DEFAULTS[task]}" else chosen
        before, state = self.active(task), self.state()
        state.bad.pop(self._full_name(chosen), None)  # whoever asks for it again means it
        if before != pointer:
            state.of(task).add(pointer, before)
            state.of(task).probation = Probation(pointer=pointer) if pointer else None
        self._write(state)
        if before != pointer:
            replace_link(self._link(task), pointer, self._scratch)

    def _prune(self, name: str, newest: str) -> None:
        state = self.state()
        kept: set[Pointer] = {newest}
        for task in TASKS:
            kept |= {self.active(task)}
            with contextlib.suppress(ModelMissingError):
                kept |= {self._previous(state, task)}
        versions = [pointer for pointer in self._installed() if pointer.startswith(f"{name}/")]
        kept |= set(versions[-KEPT:])
        for pointer in versions:
            if pointer not in kept:
                self._forget(pointer)

    def _forget(self, pointer: str) -> None:
        folder = self.root / pointer
        discard(folder, self._scratch)
        with contextlib.suppress(OSError):  # other versions are there
            folder.parent.rmdir()
        state = self.state()
        state.installed = [one for one in state.installed if one != pointer]
        state.signers.pop(pointer, None)
        self._write(state)

    def _write(self, state: State) -> None:
        replace_file(self._state_file, state.model_dump_json(indent=1).encode(), self._scratch)
