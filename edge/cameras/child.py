"""A camera's own process, seen from the one that wants its frames.

A read that blocks for ever in a driver, or a decoder that crashes on garbage, happens over there: the process
is killed and another one started. It gets its orders through its standard input, since an address may hold a
password and a command line can be read by everybody. It says "." for every frame, and at its end "!", an exit
code and a reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys

from edge.cameras.slots import Slots
from edge.errors import MienError, error_of

GRACE = 0.4  # seconds to let go of the device
REAP = 0.2  # seconds a killed process is waited for; one stuck in its driver goes when the driver lets it


class Child:
    """The process that reads one camera; it runs once this is made.

    Args:
        source: what to open, as in the configuration.
        size: width and height to ask for.
        fps: frames a second to ask for.
    Attributes:
        slots: where its frames are.
        ended: whether it has said its last.
    Raises:
        OSError: no process could be made.
    """

    def __init__(self, source: str, size: tuple[int, int] | None, fps: float | None) -> None:
        self.ended = False
        self._words = b""
        self.slots = Slots.allocate()
        self._ear, mouth = os.pipe()
        try:
            self._process = subprocess.Popen(
                # -P: what lies in the working directory is not taken for mien's modules.
                [sys.executable, "-P", "-m", "edge.cameras.worker"],
                stdin=subprocess.PIPE,
                # Libraries print what they like there, addresses with passwords among it.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(self.slots.descriptor, mouth),
            )
        except OSError:
            os.close(self._ear)
            self.slots.close()
            raise
        finally:
            os.close(mouth)
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)
        order = {"source": source, "size": size, "fps": fps, "memory": self.slots.descriptor, "mouth": mouth}
        self._order(json.dumps(order).encode() + b"\n")

    def listen(self, timeout: float) -> bool:
        """Whether frames came, waiting for them for at most `timeout` seconds. Without, it may have ended."""
        if not self._poll.poll(timeout * 1000):
            return False
        heard = os.read(self._ear, 1 << 16)
        self.ended = not heard
        if heard.startswith(b".") and not self._words:
            self._words += heard.lstrip(b".")
            return True
        self._words += heard
        return False

    @property
    def failure(self) -> MienError | None:
        """Why it ended, in its own words; None where it found none."""
        code, _, reason = self._words.removeprefix(b"!").decode(errors="replace").partition(" ")
        return error_of(int(code))(reason) if code.isdecimal() and reason else None

    def end(self) -> str | None:
        """Let it go, or kill it, in at most GRACE + REAP seconds.

        Returns:
            The name of the signal it died of, where it did so by itself.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        crash = None
        try:
            status = self._process.wait(GRACE)
            crash = signal.Signals(-status).name if status < 0 else None
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(REAP)
        os.close(self._ear)
        self.slots.close()
        return crash

    def _order(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # dead already: the silence tells
            self._process.stdin.write(line)
            self._process.stdin.flush()
