"""Whether a figure can be believed: a run on a busy, hot or throttled machine is never called clean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge.bench.document import Machine, Reading, Record

LOAD = (
    0.25  # processes for each core in the minute before; a run of one thread a minute ago leaves 0.6 of them
)
OTHERS = 0.05  # of all processors' time
STOLEN = 0.01  # of all processors' time
FELL = 0.9  # of the run's fastest clock; less is a fall
SLOW = 0.8  # of the fastest clock there is; never more is a slow machine


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a run is not clean, and what the board does not tell, each in words."""

    reasons: list[str]
    unknown: list[str]


def judge(record: Record, machine: Machine, load_before: float | None, hot: float, paced: bool) -> Verdict:
    """What speaks against a run.

    Args:
        load_before: the load before mien began to measure.
        hot: degrees Celsius from which a processor counts as hot.
        paced: whether the run waited for a camera; a clock that slows down meanwhile is no fault then.
    """
    readings = [record.before, *record.during, record.after]
    reasons = [*_load(load_before, machine), *_others(record), *_firmware(readings), *_heat(readings, hot)]
    if not paced:
        reasons += _clock(record.during, machine.clock_max_mhz)
    known = {
        "temperature": any(reading.temperature is not None for reading in readings),
        "clock": any(reading.clock_mhz is not None for reading in readings),
        "throttle flags": any(reading.throttled is not None for reading in readings),
        "load": load_before is not None,
        "other processes": record.other_cpu is not None,
    }
    return Verdict(reasons, [name for name, told in known.items() if not told])


def _load(load: float | None, machine: Machine) -> Iterator[str]:
    if load is not None and load > LOAD * machine.cores:
        yield f"the load before the start was {load:.2f} on {machine.cores} cores"


def _others(record: Record) -> Iterator[str]:
    if record.other_cpu is not None and record.other_cpu > OTHERS:
        yield f"other processes took {record.other_cpu:.0%} of all cores' time"
    if record.stolen_cpu is not None and record.stolen_cpu > STOLEN:
        yield f"the hypervisor took {record.stolen_cpu:.0%} of all cores' time"


def _firmware(readings: list[Reading]) -> Iterator[str]:
    now = {flag for reading in readings for flag in reading.throttled or ()}
    # The firmware may have set a flag between two readings: then only its memory of it is new.
    now |= set(readings[-1].throttled_past or ()) - set(readings[0].throttled_past or ())
    if now:
        yield f"the firmware said {', '.join(sorted(now))}"


def _heat(readings: list[Reading], hot: float) -> Iterator[str]:
    hottest = max(
        (reading.temperature for reading in readings if reading.temperature is not None), default=None
    )
    if hottest is not None and hottest >= hot:
        yield f"the processor reached {hottest:.0f} °C, where {hot:.0f} count as hot"


def _clock(during: list[Reading], fastest: float | None) -> Iterator[str]:
    clocks = [reading.clock_mhz for reading in during if reading.clock_mhz is not None]
    if not clocks:
        return
    top, low = max(clocks), float(np.percentile(clocks, 10))
    if low < FELL * top:
        yield f"the clock fell from {top:.0f} to {low:.0f} MHz"
    if fastest is not None and top < SLOW * fastest:
        yield f"the clock stayed at {top:.0f} of {fastest:.0f} MHz"
