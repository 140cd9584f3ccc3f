"""How long to wait before the next try."""

from __future__ import annotations

import random

FIRST = 0.5  # seconds
JITTER = 0.1  # share of a wait, so that several cameras do not try in step


class Backoff:
    """Waits that double from half a second up to `longest` seconds."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._wait = FIRST

    def next(self) -> float:
        """Seconds to wait now."""
        wait = self._wait
        self._wait = min(2 * wait, self._longest)
        return min(wait * random.uniform(1 - JITTER, 1 + JITTER), self._longest)

    def reset(self) -> None:
        """All is well again: the next wait is a short one."""
        self._wait = FIRST
