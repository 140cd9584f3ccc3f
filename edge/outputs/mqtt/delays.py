"""How long to wait before the next try to reach the broker."""

from __future__ import annotations

import random

FIRST = 0.5  # seconds
LONGEST = 4.0  # a broker that was away should have us back within 5 seconds
LONGEST_REFUSED = 60.0  # one that turned us away is not served by hurry
STEADY = 10.0  # seconds a connection must last to count as a good one


class Delays:
    """Doubles from try to try; each a little shorter by chance, so that a hall full of devices does not come
    back in the same instant."""

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, lasted: float, refused: bool) -> float:
        """Seconds to wait.

        Args:
            lasted: seconds the connection held; 0 when there was none.
            refused: the broker answered, and did not want us.
        """
        if lasted >= STEADY:
            self._next = FIRST
        delay = min(self._next, LONGEST_REFUSED if refused else LONGEST)
        self._next = min(2 * delay, LONGEST_REFUSED)
        return delay * random.uniform(0.5, 1.0)
