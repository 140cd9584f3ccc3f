"""Playing a recording at its own speed."""

from __future__ import annotations

import time


class Pacer:
    """Waits until the next picture of a recording is due.

    Args:
        fps: pictures a second; None to never wait.
    """

    def __init__(self, fps: float | None) -> None:
        self._period = 1.0 / fps if fps else 0.0
        self._due = 0.0

    def wait(self) -> None:
        """Return when the next picture is due, at most one period from now."""
        if not self._period:
            return
        now = time.monotonic()
        if self._due > now:
            time.sleep(self._due - now)
            self._due += self._period
        else:  # the first picture, or decoding fell behind: do not race to catch up
            self._due = now + self._period
