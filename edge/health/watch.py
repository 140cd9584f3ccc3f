"""Looks after the machine: reads it now and then, and tells what changed."""

from __future__ import annotations

from pathlib import Path

from edge.events import HealthEvent
from edge.health.conditions import Conditions
from edge.health.pressure import Adaptation, Counts, Pressure
from edge.health.vitals import ROOT, Vitals, read_vitals
from edge.settings import HealthConfig

PERIOD = 2.0  # seconds between two looks; the kernel asks a Raspberry Pi's firmware as often


class HealthWatch:
    """Makes an event of the machine's condition whenever it changed.

    Args:
        config: the thresholds, and whether to adapt at all.
        threads: that the frame path uses as configured.
        state: the folder whose disk counts; None for the service's.
        root: of the file system with /proc and /sys.
    Attributes:
        vitals: as they were at the last look.
    """

    def __init__(
        self, config: HealthConfig, threads: int, state: Path | None = None, root: Path = ROOT
    ) -> None:
        self.vitals = Vitals()
        self._config, self._state, self._root = config, state, root
        self._conditions = Conditions(config)
        self._pressure = Pressure(threads)
        self._told: tuple[int, tuple[str, ...], tuple[str, ...]] | None = None

    def look(self, now: float, counts: Counts) -> HealthEvent | None:
        """Look now, `now` in monotonic seconds, every PERIOD or so.

        Returns:
            an event where level, steps or conditions changed, and at the first look; else None.
        """
        self.vitals = read_vitals(self._state, self._root)
        conditions = self._conditions.update(self.vitals, now)
        if self._config.adapt:
            self._pressure.update(now, counts, self._conditions.heated)
        state = (self._pressure.level, self._pressure.steps, conditions)
        if state == self._told:
            return None
        self._told = state
        level, steps, _ = state
        return HealthEvent(
            level=level, steps=steps, conditions=conditions, temperature=self.vitals.temperature
        )

    @property
    def adaptation(self) -> Adaptation:
        """What the frame path is to use from now on."""
        return self._pressure.adaptation
