"""Steps taken one at a time while something presses, and taken back one at a time once it no longer does."""

from __future__ import annotations

import math

LONGEST_CALM = 16  # times the first calm time; so long at most is waited where taking a step back never held


class Ladder:
    """A level from 0 to `top`.

    A step up needs pressure for `settle` seconds, a step down calm for `calm` seconds, both counted from the
    last change, so that each step can show what it does. That things are calm on a step does not tell whether
    they would be one lower: where a step down does not hold for the calm time, the next one waits twice as
    long.

    Args:
        top: the highest level.
        settle, calm: seconds.
    Attributes:
        level: now.
        calm: seconds of calm that the next step down needs.
    """

    def __init__(self, top: int, settle: float, calm: float) -> None:
        self.level = 0
        self.calm = calm
        self._top, self._settle, self._first_calm = top, settle, calm
        self._pressed: bool | None = None
        self._since = -math.inf  # when what is felt now was first felt
        self._changed = -math.inf
        self._lowered = -math.inf

    def update(self, now: float, pressed: bool | None) -> bool:
        """Go on by what is felt now; whether the level changed.

        Args:
            now: monotonic seconds.
            pressed: whether it is too much; None where that cannot be told, or it is neither that nor calm.
        """
        if pressed is not self._pressed:
            self._pressed, self._since = pressed, now
        lasted = now - max(self._since, self._changed)
        if pressed and lasted >= self._settle and self.level < self._top:
            return self._rise(now)
        if pressed is False and lasted >= self.calm:
            if self._changed == self._lowered:  # the last step down held
                self.calm = self._first_calm
            if self.level:
                self.level -= 1
                self._changed = self._lowered = now
                return True
        return False

    def _rise(self, now: float) -> bool:
        if self._changed == self._lowered and now - self._lowered < self.calm:
            self.calm = min(2 * self.calm, LONGEST_CALM * self._first_calm)
        self.level += 1
        self._changed = now
        return True
