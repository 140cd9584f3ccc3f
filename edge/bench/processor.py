"""Who used the processors: this process and its children, others, or a hypervisor. From /proc/stat."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.health.files import read

IDLE = (3, 4)  # fields of the first line of /proc/stat: idle and waiting for a disk
STOLEN = 7
GUESTS = 8  # from here on: counted in the fields before already
# Fields of /proc/PID/stat after the name: user, system, and both of children that have ended.
TIMES = slice(11, 15)


@dataclass(frozen=True, slots=True)
class Ticks:
    """Counts of the kernel's clock since it started, of all processors together.

    Attributes:
        total: all.
        busy: spent in processes and interrupts.
        stolen: taken by a hypervisor.
        own: of this process, its children and theirs.
    """

    total: int
    busy: int
    stolen: int
    own: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Between two readings: seconds of this process, and shares of all processors' time."""

    cpu_seconds: float
    other: float
    stolen: float


def read_ticks(root: Path) -> Ticks | None:
    """The counts now; None where /proc does not tell."""
    words = (read(root / "proc/stat") or "").partition("\n")[0].split()
    own = _own(root)
    if len(words) <= STOLEN + 1 or words[0] != "cpu" or own is None:
        return None
    try:
        counts = [int(word) for word in words[1 : 1 + GUESTS]]
    except ValueError:
        return None
    total, stolen = sum(counts), counts[STOLEN]
    return Ticks(total, total - stolen - sum(counts[field] for field in IDLE), stolen, own)


def usage(before: Ticks | None, after: Ticks | None) -> Usage | None:
    """What was used between two readings; None where one is unknown or no tick passed.

    >>> usage(Ticks(1000, 200, 0, 50), Ticks(2000, 700, 10, 350)).other
    0.2
    """
    if before is None or after is None or after.total <= before.total:
        return None
    total, own = after.total - before.total, after.own - before.own
    other = max(0, after.busy - before.busy - own)
    return Usage(own / os.sysconf("SC_CLK_TCK"), other / total, (after.stolen - before.stolen) / total)


def _own(root: Path) -> int | None:
    counts = [
        _ticks(root / "proc/self/stat"),
        *(_ticks(root / f"proc/{child}/stat") for child in _heirs(root)),
    ]
    # A child may end between its listing and its reading; this process cannot.
    return None if counts[0] is None else sum(count or 0 for count in counts)


def _heirs(root: Path, process: str = "self") -> Iterator[str]:
    """Children that live, and theirs."""
    for file in root.glob(f"proc/{process}/task/*/children"):
        for child in (read(file) or "").split():
            yield child
            yield from _heirs(root, child)


def _ticks(stat: Path) -> int | None:
    fields = (read(stat) or "").rpartition(")")[2].split()[TIMES]  # a name may hold spaces and brackets
    return sum(map(int, fields)) if len(fields) == 4 and all(field.isdecimal() for field in fields) else None
