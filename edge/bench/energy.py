"""Joules, where the board has a meter: RAPL counters, or sensors of power (INA219, INA3221 and the like)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.health.files import number, read

MICRO = 1e-6


@dataclass(slots=True)
class _Counter:
    """A file that counts microjoules and begins again at `wrap`."""

    file: Path
    wrap: int | None
    last: int
    joules: float = 0.0

    def note(self, _: float) -> None:
        value = number(self.file)
        if value is None:
            return
        gone = value - self.last
        if gone < 0:
            gone += self.wrap or 0
        self.joules += max(0, gone) * MICRO
        self.last = value


@dataclass(slots=True)
class _Sensor:
    """Files whose product is the power at this moment, in microwatts; integrated over time."""

    files: tuple[Path, ...]
    joules: float = 0.0
    _last: tuple[float, float] | None = field(default=None)

    def note(self, now: float) -> None:
        power = _product(self.files)
        if power is None:
            return
        if self._last is not None:
            before, watts = self._last
            self.joules += (now - before) * (watts + power * MICRO) / 2
        self._last = now, power * MICRO


class EnergyMeter:
    """Follows every meter of the board.

    The meters are kept apart: one may hold what another measures too, so that no sum of them means anything.

    Args:
        root: of the file system with /sys.
    """

    def __init__(self, root: Path) -> None:
        self._meters: dict[str, _Counter | _Sensor] = {**dict(_counters(root)), **dict(_sensors(root))}

    def note(self, now: float) -> None:
        """Read them; `now` in seconds. Often: a sensor's power is taken to change evenly in between."""
        for meter in self._meters.values():
            meter.note(now)

    def joules(self) -> dict[str, float]:
        """By meter, between the first and the newest note. Empty where the board has none."""
        return {name: round(meter.joules, 6) for name, meter in self._meters.items()}


def _counters(root: Path) -> Iterator[tuple[str, _Counter]]:
    for zone in sorted(root.glob("sys/class/powercap/*:*")):
        name = (read(zone / "name") or "").strip()
        value = number(zone / "energy_uj")
        # A package holds its cores and memory; the mmio zones are the same packages again.
        if value is not None and name.startswith("package") and "mmio" not in zone.name:
            yield (
                f"{zone.name} {name}",
                _Counter(zone / "energy_uj", number(zone / "max_energy_range_uj"), value),
            )


def _sensors(root: Path) -> Iterator[tuple[str, _Sensor]]:
    for chip in sorted(root.glob("sys/class/hwmon/hwmon*")):
        name = (read(chip / "name") or "").strip()
        if not name.startswith("ina"):
            continue
        powers = sorted(chip.glob("power*_input"))
        for file in powers:
            label = read(chip / file.name.replace("_input", "_label")) or file.name.removesuffix("_input")
            yield f"{chip.name} {name} {label.strip()}", _Sensor((file,))
        for current in () if powers else sorted(chip.glob("curr*_input")):
            channel = current.name.removeprefix("curr").removesuffix("_input")
            label = read(chip / f"in{channel}_label") or f"channel {channel}"
            sensor = _Sensor((chip / f"in{channel}_input", current))  # millivolts, milliamperes
            if _product(sensor.files) is not None:
                yield f"{chip.name} {name} {label.strip()}", sensor


def _product(files: tuple[Path, ...]) -> float | None:
    product = 1.0
    for file in files:
        value = number(file)
        if value is None:
            return None
        product *= value
    return product
