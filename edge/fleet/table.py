"""The fleet on a terminal."""

from __future__ import annotations

import json
from typing import Any

UNKNOWN = "-"
COLUMNS = ("device", "state", "frames/s", "°C", "model", "last error")


def print_fleet(shown: dict[str, Any], as_json: bool) -> None:
    """Print `board.overview`: a line a device, or as one JSON object."""
    if as_json:
        print(json.dumps(shown))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*COLUMNS, box=None, pad_edge=False)
    for device in shown["devices"]:
        error = device["error"]
        values = (
            device["name"],
            device["state"],
            _number(device["fps"]),
            _number(device["temperature"]),
            (device["model"] or UNKNOWN) + ("" if device["proved"] else " (on probation)"),
            f"{error['about']}: {error['reason']}" if error else "",
        )
        table.add_row(*map(Text, values))  # as text: brackets in a name are no markup
    Console().print(table)
    states = ", ".join(f"{count} {state}" for state, count in shown["states"].items()) or "none"
    print(f"{shown['count']} devices: {states}")
    if shown["silence"]:
        print(shown["silence"])
    if (left := shown["matching"] - len(shown["devices"])) > 0:
        print(f"{left} more are not shown: --search")


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"
