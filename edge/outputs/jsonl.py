"""Events as JSON lines, to a file or to standard output."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.bus import Bus
from edge.errors import MienError, OutputError
from edge.events import Message
from edge.outputs import ReaderGone
from edge.outputs.rotation import RotatingFile

logger = logging.getLogger(__name__)
JOIN = 0.5  # seconds a stuck reader is waited for at the end
RETRY = 1.0  # seconds between two tries to write to a full disk


class _Target(Protocol):
    def write(self, lines: bytes) -> None: ...

    def close(self) -> None: ...


class _Pipe:
    """A descriptor that is not a file: standard output, a named pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        os.close(self._descriptor)


class JsonLines:
    """Writes each event as one line, in a thread of its own.

    A full disk costs the events until there is room again; of a recording (`wait_while`), which can be played
    again, it is an error.

    Args:
        bus: where events come from.
        path: a file, appended to, or "-" for standard output.
        interval: least seconds between two observations of a camera.
        limit, keep: of `RotatingFile`.
        wait_while: for recordings, where no live frame waits meanwhile: a slow reader is waited for as long
            as this says True. None never waits and loses what a slow reader misses.
    Attributes:
        lost: events that a slow reader or a full disk cost.
    """

    def __init__(
        self,
        bus: Bus,
        path: str,
        *,
        interval: float = 0.0,
        limit: int = 0,
        keep: int = 3,
        wait_while: Callable[[], bool] | None = None,
    ) -> None:
        self._bus, self._path, self._interval = bus, path, interval
        self._limit, self._keep, self._wait_while = limit, keep, wait_while
        self._name = "standard output" if path == "-" else path
        self._thread = threading.Thread(target=self._write_all, name="jsonl", daemon=True)
        self._error: OSError | None = None
        self._target: _Target | None = None
        self._stop = threading.Event()

    @property
    def lost(self) -> int:
        return self._subscription.lost

    @property
    def failure(self) -> MienError | ReaderGone | None:
        if isinstance(self._error, BrokenPipeError):
            return ReaderGone()
        return None if self._error is None else self._failure(self._error)

    def start(self) -> None:
        try:
            self._target = self._open()
        except OSError as error:
            raise self._failure(error) from error
        waits = None if self._wait_while is None else self._may_wait
        self._subscription = self._bus.subscribe("jsonl", interval=self._interval, wait_while=waits)
        self._thread.start()

    def close(self) -> None:
        self._bus.unsubscribe(self._subscription)
        self._stop.set()
        self._thread.join(JOIN)
        while self._thread.is_alive() and self._may_wait():
            self._thread.join(JOIN)
        if self._thread.is_alive():
            self._subscription.lose(self._subscription.waiting)
        elif self._target is not None:
            self._target.close()
        if self.lost:
            logger.warning("%d events lost: %s is slow or full", self.lost, self._name)
        if self.failure is not None:
            raise self.failure

    def _open(self) -> _Target:
        if self._path == "-":
            # Not sys.stdout, whose lock, held by a thread stuck on a full pipe, keeps Python from ending.
            return _Pipe(os.dup(sys.stdout.fileno()))
        path = Path(self._path)
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            return _Pipe(os.open(path, os.O_WRONLY))
        return RotatingFile(path, self._limit, self._keep)

    def _may_wait(self) -> bool:
        return self._wait_while is not None and self._error is None and self._wait_while()

    def _write_all(self) -> None:
        while messages := self._subscription.take(None):
            try:
                self._write(messages)
            except OSError as error:
                if isinstance(error, BrokenPipeError) or self._wait_while is not None:
                    self._error = error
                    return
                self._subscription.lose(len(messages))
                self._wait_for_room(error)

    def _write(self, messages: list[Message]) -> None:
        assert self._target is not None
        self._target.write(b"".join(message.json + b"\n" for message in messages))

    def _wait_for_room(self, error: OSError) -> None:
        """Try until a line can be written again."""
        logger.warning("%s; events are lost meanwhile", self._failure(error))
        while not self._stop.wait(RETRY):
            messages = self._subscription.take()
            if not messages:
                continue
            try:
                self._write(messages)
            except OSError:
                self._subscription.lose(len(messages))
            else:
                logger.info("%s can be written again; %d events lost", self._name, self.lost)
                return

    def _failure(self, error: OSError) -> OutputError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        mend = "free some space" if full else "give a path that can be written"
        return OutputError(f"cannot write to {self._name} ({error.strerror}): {mend}")
