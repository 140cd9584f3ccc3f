"""How the machine fares while something is measured on it.

There is no thread: the measuring loop calls `tick` between two calls it times, so that looking disturbs none.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

from edge.bench.document import Memory, Reading, Record
from edge.bench.energy import EnergyMeter
from edge.bench.processor import read_ticks, usage
from edge.health.vitals import ROOT, Vitals, read_vitals

PERIOD = 0.5  # seconds between two looks; power is taken to change evenly in between
MOST = 240  # readings of a run; a long one is looked at more seldom
NO_STATE = Path("/")  # whose free space nobody asks for here


class Recorder:
    """Notes temperature, clock, throttling, load, processor time and energy from its making to `stop`.

    Args:
        seconds: that are to be measured.
        root: of the file system with /proc and /sys.
    """

    def __init__(self, seconds: float, root: Path = ROOT) -> None:
        self._root = root
        self._period = max(PERIOD, seconds / MOST)
        self._energy = EnergyMeter(root)
        vitals = read_vitals(NO_STATE, root)
        self._resident = vitals.resident
        self._begin = self._noted = time.perf_counter()
        self._count = 0
        self._before = _reading(vitals, 0.0, None)
        self._during: list[Reading] = []
        self._energy.note(self._begin)
        self._ticks = read_ticks(root)

    def tick(self, now: float, count: int) -> bool:
        """Look, where it is time again; whether it was.

        Args:
            now: of `time.perf_counter`.
            count: calls done since the beginning.
        """
        if now - self._noted < self._period:
            return False
        fps = (count - self._count) / (now - self._noted)
        self._during.append(_reading(read_vitals(NO_STATE, self._root), now - self._begin, fps))
        self._energy.note(now)
        self._noted, self._count = now, count
        return True

    def stop(self) -> Record:
        """Look for the last time."""
        now = time.perf_counter()
        used = usage(self._ticks, read_ticks(self._root))
        self._energy.note(now)
        vitals = read_vitals(NO_STATE, self._root)
        return Record(
            seconds=now - self._begin,
            before=self._before,
            during=self._during,
            after=_reading(vitals, now - self._begin, None),
            cpu_seconds=None if used is None else used.cpu_seconds,
            other_cpu=None if used is None else used.other,
            stolen_cpu=None if used is None else used.stolen,
            energy_joules=self._energy.joules(),
            rss_bytes=Memory(
                before=self._resident,
                after=vitals.resident,
                peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            ),
        )


def _reading(vitals: Vitals, at: float, fps: float | None) -> Reading:
    flags = vitals.throttling
    return Reading(
        at_seconds=round(at, 3),
        temperature=vitals.temperature,
        clock_mhz=vitals.clock,
        load=vitals.load,
        throttled=None if flags is None else sorted(flags.now),
        throttled_past=None if flags is None else sorted(flags.past),
        fps=None if fps is None else round(fps, 3),
    )
