"""Looks after the machine: reads it now and then, and tells what changed."""

from __future__ import annotations

from pathlib import Path

from edge.events import HealthEvent
from edge.health.conditions import Conditions
from edge.health.pressure import Adaptation, Counts, Pressure
from edge.health.vitals import ROOT, Vitals, read_vitals
from edge.settings import HealthConfig

PERIOD = 2.0  # seconds between two looks; the kernel asks a Raspberry Pi's firmware as often
REPEAT = 60.0  # seconds after which a new temperature is news by itself
WARMER = 1.0  # degrees that make a new temperature


class HealthWatch:
    """Makes an event of the machine's condition whenever it changed, and of its temperature now and then.

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
        self._told_temperature: float | None = None
        self._told_at = -REPEAT

    def look(self, now: float, counts: Counts) -> HealthEvent | None:
        """Look now, `now` in monotonic seconds, every PERIOD or so.

        Returns:
            an event where level, steps or conditions changed, at the first look, and every REPEAT at most
            where the temperature did; else None.
        """
        self.vitals = read_vitals(self._state, self._root)
        conditions = self._conditions.update(self.vitals, now)
        if self._config.adapt:
            self._pressure.update(now, counts, self._conditions.heated)
        state = (self._pressure.level, self._pressure.steps, conditions)
        if state == self._told and not (now - self._told_at >= REPEAT and self._temperature_moved()):
            return None
        self._told, self._told_at, self._told_temperature = state, now, self.vitals.temperature
        level, steps, _ = state
        return HealthEvent(
            level=level, steps=steps, conditions=conditions, temperature=self.vitals.temperature
        )

    def _temperature_moved(self) -> bool:
        told, measured = self._told_temperature, self.vitals.temperature
        if told is None or measured is None:
            return told is not measured
        return abs(measured - told) >= WARMER

    @property
    def adaptation(self) -> Adaptation:
        """What the frame path is to use from now on."""
        return self._pressure.adaptation
