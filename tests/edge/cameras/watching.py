"""A live camera in a test, all it has said, and its process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from edge.cameras.live import LiveCamera
from edge.events import CameraEvent
from edge.settings import CameraConfig
from edge.types import Frame

ROOT = Path(__file__).parents[3]
FAKES = Path(__file__).parent / "fakes"
PATIENCE = 60.0  # seconds; nothing here takes more than a few on a machine with nothing else to do
KEYS = {"stall_seconds": 1.0, "retry_seconds": 1.0}


class Watched:
    """Opens a camera; a context manager that closes it.

    Args:
        source: what to open.
        keys: of the camera's configuration.
    Attributes:
        events: what it said, in order.
    """

    def __init__(self, source: str, opening: float = 30.0, **keys: Any) -> None:
        self.events: list[CameraEvent] = []
        config = CameraConfig(source=source, **{**KEYS, **keys})
        self.camera = LiveCamera("cam", config, self.events.append, opening)

    def __enter__(self) -> Self:
        self.camera.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.camera.close()

    def frame(self) -> Frame:
        """The next frame nobody took."""
        return until(lambda: self.camera.newest(0.1))

    def frames(self, count: int) -> list[Frame]:
        """The next ones."""
        return [self.frame() for _ in range(count)]

    def said(self, state: str, after: int = 0) -> CameraEvent:
        """The first event with that state among those from number `after` on, waiting for it."""
        return until(lambda: next((event for event in self.events[after:] if event.state == state), None))

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events]


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What the condition gives, once that is true or not empty."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return given


def workers(parent: int | None = None) -> set[int]:
    """The processes that read cameras for the process `parent`, or this one."""
    return {
        pid for pid in _children(parent or os.getpid()) if b"edge.cameras.worker" in _read(pid, "cmdline")
    }


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet asked for its status does not."""
    stat = _read(pid, "stat")
    return bool(stat) and stat.rpartition(b")")[2].split()[0] != b"Z"


def _children(parent: int) -> set[int]:
    pids = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {
        pid
        for pid in pids
        if (fields := _read(pid, "stat").rpartition(b")")[2].split()) and int(fields[1]) == parent
    }


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
