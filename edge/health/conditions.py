"""What is wrong with the machine, in words that do not come and go with every reading."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from edge.health.throttling import FLAGS, FREQUENCY_CAPPED, SOFT_LIMIT, THROTTLED
from edge.health.vitals import Vitals
from edge.settings import HealthConfig

HOT = "hot"
LOW_MEMORY = "low memory"
LOW_DISK = "low disk"
CONDITIONS = (*FLAGS, HOT, LOW_MEMORY, LOW_DISK)
PAST = " (past)"
HEATED = frozenset({HOT, THROTTLED, FREQUENCY_CAPPED, SOFT_LIMIT})  # a processor that works less mends these

COOLER = 5.0  # degrees below the threshold at which hot ends
MORE = 1.25  # times the threshold at which low memory and low disk end
CLEAR = 10.0  # seconds without a condition until it is over; the firmware's flags come and go within one
MEGABYTE = 1e6


class Conditions:
    """Follows what is wrong.

    A condition begins with the first reading that shows it and ends when no reading has for a while; between
    a threshold and the better value where it ends, things stay as they are. What is unknown is not wrong.

    Args:
        config: the thresholds.
    """

    def __init__(self, config: HealthConfig) -> None:
        self._config = config
        self._seen: dict[str, float] = {}  # conditions that last, and when each was seen last
        self._past: set[str] = set()

    def update(self, vitals: Vitals, now: float) -> tuple[str, ...]:
        """What is wrong, worst first as in CONDITIONS, then what was; `now` in monotonic seconds."""
        for name in self._shown(vitals):
            self._seen[name] = now
        self._seen = {name: seen for name, seen in self._seen.items() if now - seen < CLEAR}
        if vitals.throttling is not None:
            # Remembered here too: Linux makes the firmware forget.
            self._past |= vitals.throttling.past | vitals.throttling.now
        past = [name + PAST for name in FLAGS if name in self._past and name not in self._seen]
        return (*(name for name in CONDITIONS if name in self._seen), *past)

    @property
    def heated(self) -> bool:
        """Whether something lasts that less work would mend."""
        return not HEATED.isdisjoint(self._seen)

    def _shown(self, vitals: Vitals) -> Iterator[str]:
        if vitals.throttling is not None:
            yield from vitals.throttling.now
        limit = self._config.hot - (COOLER if HOT in self._seen else 0)
        if vitals.temperature is not None and vitals.temperature >= limit:
            yield HOT
        left: Mapping[str, tuple[int | None, float]] = {
            LOW_MEMORY: (vitals.memory, self._config.low_memory),
            LOW_DISK: (vitals.disk, self._config.low_disk),
        }
        for name, (found, megabytes) in left.items():
            times = MORE if name in self._seen else 1.0
            if (math.inf if found is None else found) < times * megabytes * MEGABYTE:
                yield name
