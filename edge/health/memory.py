"""Memory left to this process: the machine's, or less where a control group has a limit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edge.health.files import number, read, table

UNLIMITED = 1 << 60  # bytes; version 1 of control groups writes a huge number for no limit


def available(root: Path) -> int | None:
    """Bytes that can still be had without swapping; None where /proc does not tell."""
    machine = table(root / "proc/meminfo").get("MemAvailable")
    left = [] if machine is None else [machine * 1024]
    left += _left_in_groups(root)
    return max(0, min(left)) if left else None


def resident(root: Path) -> int | None:
    """Bytes of this process in memory."""
    fields = (read(root / "proc/self/statm") or "").split()
    if len(fields) < 2 or not fields[1].isdecimal():
        return None
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def _left_in_groups(root: Path) -> Iterator[int]:
    """Bytes left in each limited control group around this process."""
    for line in (read(root / "proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        first = controllers == "memory" or "memory" in controllers.split(",")
        if not first and controllers:
            continue
        mount = root / "sys/fs/cgroup" / ("memory" if first else "")
        folder = mount / path.strip("/")
        for group in (folder, *folder.parents):
            left = _left_v1(group) if first else _left_v2(group)
            if left is not None:
                yield left
            if group == mount:
                break


def _left_v2(group: Path) -> int | None:
    # Beyond memory.high a process is held back so hard that it may as well have ended.
    limits = [limit for name in ("memory.max", "memory.high") if (limit := number(group / name)) is not None]
    used = number(group / "memory.current")
    if not limits or used is None:
        return None
    return min(limits) - used + table(group / "memory.stat").get("inactive_file", 0)


def _left_v1(group: Path) -> int | None:
    limit, used = number(group / "memory.limit_in_bytes"), number(group / "memory.usage_in_bytes")
    if limit is None or used is None or limit > UNLIMITED:
        return None
    return limit - used + table(group / "memory.stat").get("total_inactive_file", 0)
