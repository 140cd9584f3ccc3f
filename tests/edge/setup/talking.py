"""Somebody at a terminal who answers the questions of `mien setup`."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # seconds; the machine may be busy
ESCAPE = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")


def take_terminal() -> None:
    """In the child: let Ctrl-C reach it, also where the tests themselves were told to ignore it."""
    ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Talk:
    """`mien setup` with these arguments, in a terminal of its own."""

    def __init__(self, *arguments: object) -> None:
        self._ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT),
        }
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "setup", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(theirs)
        self.raw = b""
        self._read = 0  # characters of `screen` that were expected already

    @property
    def screen(self) -> str:
        """Everything that was shown, without colours."""
        return ESCAPE.sub("", self.raw.decode(errors="replace")).replace("\r", "")

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and type."""
        deadline = time.monotonic() + PATIENCE
        while question not in self.screen[self._read :]:
            assert self._more(deadline), f"no {question!r} in {self.screen}"
        self._read = self.screen.index(question, self._read) + len(question)
        # As a person would: Python loses a Ctrl-C that comes in the instant before it begins to read.
        time.sleep(0.1)
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._more(deadline):
            pass
        return self._process.wait(PATIENCE)

    def _more(self, deadline: float) -> bool:
        """Wait for more to be shown; False at the end."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        try:
            shown = os.read(self._ours, 1 << 16) if ready else b""
        except OSError:  # how a pseudo-terminal says that the other end is closed
            shown = b""
        self.raw += shown
        return bool(shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Text and mode of every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): (path.read_text(), path.stat().st_mode & 0o777)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
