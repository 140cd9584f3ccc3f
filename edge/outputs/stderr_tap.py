"""Holds back what is written to the terminal's stderr while a full-screen view owns it."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque

KEPT = 200  # lines
STDERR = 2


class StderrTap:
    """Redirects file descriptor 2 into memory, C libraries' messages included, and gives it back.

    Does nothing where stderr is not a terminal: a log file cannot tear the view.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._saved: int | None = None
        self._reader: threading.Thread | None = None

    @property
    def lines(self) -> list[str]:
        """What was written so far, oldest first, at most `KEPT` lines."""
        return list(self._lines)

    def start(self) -> None:
        """From now on, keep what is written to stderr."""
        if not os.isatty(STDERR):
            return
        sys.stderr.flush()
        self._saved = os.dup(STDERR)
        read_end, write_end = os.pipe()
        os.dup2(write_end, STDERR)
        os.close(write_end)
        self._reader = threading.Thread(target=self._read, args=(read_end,), name="mien-stderr", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Give stderr back and write out what was kept. Safe to call twice."""
        if self._saved is None or self._reader is None:
            return
        sys.stderr.flush()
        os.dup2(self._saved, STDERR)
        os.close(self._saved)
        self._saved = None
        # The pipe ends with its last writer; a child process may still hold one.
        self._reader.join(timeout=0.5)
        for line in self._lines:
            print(line, file=sys.stderr)

    def _read(self, read_end: int) -> None:
        # A full pipe would block whoever logs, so this thread only ever reads and appends.
        with open(read_end, encoding="utf-8", errors="replace") as pipe:
            for line in pipe:
                self._lines.append(line.rstrip())
