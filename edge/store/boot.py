"""Which of its runs the machine is in, from one boot to the next."""

from __future__ import annotations

from pathlib import Path

FILE = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str | None:
    """What tells this boot from others; None where the machine does not say: then all are taken for one."""
    try:
        return FILE.read_text().strip() or None
    except OSError:
        return None
