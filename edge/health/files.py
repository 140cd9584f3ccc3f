"""The kernel's small files: what cannot be read is None, never an error."""

from __future__ import annotations

from pathlib import Path


def read(file: Path) -> str | None:
    """The text; None where the file is absent, forbidden, or its driver answers with an error."""
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None


def number(file: Path) -> int | None:
    """The integer that is all of the file."""
    try:
        return int(read(file) or "")
    except ValueError:
        return None


def table(file: Path) -> dict[str, int]:
    """Lines such as "MemAvailable:  1234 kB" or "inactive_file 1234", those with an integer second."""
    found = {}
    for line in (read(file) or "").splitlines():
        key, *rest = line.split()[:2] or [""]
        if rest and rest[0].isdecimal():
            found[key.rstrip(":")] = int(rest[0])
    return found
