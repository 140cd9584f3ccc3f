"""A daemon's main loop for one task, without the daemon around it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_files import change

from edge.roles import Role
from edge.store.store import Store
from edge.swapping import Slot

PATIENCE = 60.0


def install(
    store: Store,
    version: str,
    spoil: Callable[[Path], object] = lambda folder: None,
    use: bool = True,
    name: str = "slim",
) -> str:
    """Put a version of a shipped model into the store unseen, as one that was good elsewhere."""

    def fill(folder: Path) -> None:
        spoil(change(folder, version, name, name))

    return store.install(fill, use=use).pointer


class Reader:
    """Takes what a camera's thread would take."""

    def __init__(self) -> None:
        self.face_seconds: deque[float] = deque()
        self.look_seconds: deque[float] = deque()
        self.used: list[str] = []

    def use(self, classifier: Any) -> None:
        self.used.append(classifier.bundle.manifest.version)
        self.face_seconds.clear()

    def look_with(self, detector: Any) -> None:
        self.used.append(detector.bundle.manifest.version)
        self.look_seconds.clear()


class Run:
    """The slot of a role, its events, and a camera."""

    def __init__(self, store: Store, role: Role[Any, Any]) -> None:
        self.events: list[Any] = []
        self.reader = Reader()
        self.slot = Slot(role, store.root, self.events.append)
        self.slot.tell()

    def told(self) -> list[tuple[str, str, str | None]]:
        return [(event.state, event.name, event.version) for event in self.events]

    def look(self, times: int = 20) -> None:
        for _ in range(times):
            self.slot.look([self.reader])

    def look_until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.told()
            self.look(1)
            time.sleep(0.01)
