"""Observations as JSON lines, to a file or to standard output."""

from __future__ import annotations

import errno
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable

from edge.errors import OutputError
from edge.outputs import ReaderGone
from edge.types import Frame, Observation

logger = logging.getLogger(__name__)
WAITING = 256  # observations that may wait for a slow reader
JOIN = 0.5  # seconds a stuck reader is waited for at the end


class JsonLines:
    """Writes each observation as one line, in a thread of its own.

    Args:
        path: a file, appended to, or "-" for standard output.
        wait_while: for recordings, where no live frame waits meanwhile: a slow reader is waited for as long
            as this says True. None never waits and drops what a slow reader misses.
    Attributes:
        dropped: observations a slow reader missed.
    """

    def __init__(self, path: str, wait_while: Callable[[], bool] | None = None) -> None:
        self.dropped = 0
        self._path = path
        self._target = "standard output" if path == "-" else path
        self._wait_while = wait_while
        self._queue: queue.Queue[Observation | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._write_all, name="jsonl", daemon=True)
        self._error: OSError | None = None
        self._descriptor = -1

    def start(self) -> None:
        try:
            if self._path == "-":
                # Not sys.stdout, whose lock, held by a thread stuck on a full pipe, keeps Python from ending.
                self._descriptor = os.dup(sys.stdout.fileno())
            else:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise self._failure(error) from error
        self._thread.start()

    def publish(self, observation: Observation, frame: Frame) -> None:
        self._raise_error()
        if not self._put(observation):
            self.dropped += 1

    def close(self) -> None:
        if self._thread.is_alive() and self._put(None):
            self._thread.join(JOIN)
            while self._thread.is_alive() and self._may_wait():
                self._thread.join(JOIN)
        if self._thread.is_alive():
            self.dropped += self._queue.qsize()
        elif self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self.dropped:
            logger.warning("%d observations dropped: the reader of %s is slow", self.dropped, self._target)
        self._raise_error()

    def _put(self, observation: Observation | None) -> bool:
        """Queue an observation, or None for the end; False when it had to be dropped."""
        while self._error is None:
            try:
                self._queue.put(observation, timeout=JOIN if observation is None or self._may_wait() else 0)
            except queue.Full:
                if not self._may_wait():
                    return False
            else:
                return True
        return False

    def _may_wait(self) -> bool:
        return self._wait_while is not None and self._wait_while()

    def _write_all(self) -> None:
        try:
            while (observation := self._queue.get()) is not None:
                line = json.dumps(observation.to_dict(), separators=(",", ":")) + "\n"
                self._write(memoryview(line.encode()))
        except OSError as error:
            self._error = error

    def _write(self, line: memoryview) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]

    def _raise_error(self) -> None:
        if isinstance(self._error, BrokenPipeError):
            raise ReaderGone
        if self._error is not None:
            raise self._failure(self._error)

    def _failure(self, error: OSError) -> OutputError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        mend = "free some space" if full else "give a path that can be written"
        return OutputError(f"cannot write to {self._target} ({error.strerror}): {mend}")
