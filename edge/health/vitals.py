"""The machine's vital signs, read from the kernel's files; what cannot be read is unknown, never an error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.health import memory
from edge.health.files import number, read
from edge.health.throttling import Throttling, read_throttling

ROOT = Path("/")
STATE = Path("/var/lib/mien")
PROCESSOR_ZONES = ("cpu", "x86_pkg_temp", "soc", "core")  # begin or stand in a thermal zone's type
PROCESSOR_SENSORS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal"})
PLAUSIBLE = range(-60_000, 150_000)  # thousandths of a degree; dead sensors say -274000


@dataclass(frozen=True, slots=True)
class Vitals:
    """Each None where it is unknown.

    Attributes:
        temperature: of the processor at its hottest place, degrees Celsius.
        throttling: what a Raspberry Pi's firmware says.
        clock: of the fastest core now, MHz.
        memory: bytes that mien can still get.
        resident: bytes of this process in memory.
        disk: bytes free where the state is kept.
        load: processes that ran or wanted to, the mean of the last minute.
    """

    temperature: float | None = None
    throttling: Throttling | None = None
    clock: float | None = None
    memory: int | None = None
    resident: int | None = None
    disk: int | None = None
    load: float | None = None


def read_vitals(state: Path | None = None, root: Path = ROOT) -> Vitals:
    """Look at everything, in about a millisecond.

    Args:
        state: the folder whose disk counts; None for the service's.
        root: of the file system with /proc and /sys.
    """
    return Vitals(
        temperature=_temperature(root),
        throttling=read_throttling(root),
        clock=_clock(root),
        memory=memory.available(root),
        resident=memory.resident(root),
        disk=_disk(state or state_folder()),
        load=_load(root),
    )


def state_folder() -> Path:
    """Where the service keeps its state: what systemd says, or where it would put it."""
    return Path(os.environ.get("STATE_DIRECTORY", "").partition(":")[0] or STATE)


def _temperature(root: Path) -> float | None:
    hottest = max(_zones(root), default=None) or max(_sensors(root), default=None)
    return None if hottest is None else hottest[1] / 1000


def _zones(root: Path) -> Iterator[tuple[bool, int]]:
    """Temperatures of thermal zones in thousandths of a degree, each after whether it is the processor's."""
    for zone in root.glob("sys/class/thermal/thermal_zone*"):
        value = number(zone / "temp")
        kind = (read(zone / "type") or "").lower()
        if value in PLAUSIBLE and value is not None:
            yield any(name in kind for name in PROCESSOR_ZONES), value


def _sensors(root: Path) -> Iterator[tuple[bool, int]]:
    """Processor temperatures where there is no thermal zone, such as on AMD boards."""
    for sensor in root.glob("sys/class/hwmon/hwmon*"):
        if (read(sensor / "name") or "").strip() in PROCESSOR_SENSORS:
            for file in sensor.glob("temp*_input"):
                value = number(file)
                if value in PLAUSIBLE and value is not None:
                    yield True, value


def _clock(root: Path) -> float | None:
    files = root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq")
    fastest = max((value for file in files if (value := number(file)) is not None), default=None)
    return None if fastest is None else fastest / 1000


def _disk(folder: Path) -> int | None:
    for existing in (folder, *folder.parents):
        try:
            status = os.statvfs(existing)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return status.f_bavail * status.f_frsize
    return None


def _load(root: Path) -> float | None:
    try:
        return float((read(root / "proc/loadavg") or "").split()[0])
    except (IndexError, ValueError):
        return None
