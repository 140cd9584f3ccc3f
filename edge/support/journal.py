"""The last that mien's service said, without what it said about people."""

from __future__ import annotations

import subprocess

LINES = 500
PATIENCE = 20  # seconds
EVENT = '{"schema":"mien.'  # of `outputs.jsonl = "-"`, which a service writes into the journal


def last_lines(unit: str = "mien") -> str:
    """The journal's last lines of a unit, or why there are none."""
    command = ["journalctl", f"--unit={unit}", f"--lines={LINES}", "--no-pager", "--output=short-iso"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no journal can be read here ({type(error).__name__})\n"
    said = (done.stdout or done.stderr).decode(errors="replace")
    return without_events(said)


def without_events(text: str) -> str:
    """The lines that are no events, which tell of faces, and how many of those there were.

    >>> without_events('mien: started\\n{"schema":"mien.person/1","track":3}\\n')
    'mien: started\\n1 events left out\\n'
    """
    lines = text.splitlines()
    kept = [line for line in lines if EVENT not in line.replace(" ", "")]
    left_out = [f"{len(lines) - len(kept)} events left out"] if len(kept) < len(lines) else []
    return "\n".join([*kept, *left_out, ""])
