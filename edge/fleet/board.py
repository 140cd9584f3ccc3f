"""The fleet as JSON objects: a row a device, and the sum of them."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from edge.fleet.listening import Listening
from edge.fleet.report import plain
from edge.fleet.roster import Device

MOST_ROWS = 500
ORDER = {"silent": 0, "offline": 1, "unknown": 2, "online": 3}  # what needs somebody comes first
# A broker may let anybody subscribe and then send nothing: no answer tells the two apart.
SILENCE = "no device reports, or the broker does not let this user read what they report (docs/fleet.md)"


def overview(listening: Listening, search: str = "") -> dict[str, Any]:
    """Everything the page shows.

    Args:
        search: only devices whose name, model, state or error holds this; the sums are of all.
    """
    now = time.time()
    everyone = [row(device, now) for device in listening.roster.devices()]
    wanted = [one for one in everyone if search.lower() in _searched(one)]
    wanted.sort(key=lambda one: (ORDER[one["state"]], not one["troubled"]))  # by name within
    return {
        "broker": listening.address,
        "connected": listening.connected,
        "trouble": listening.trouble,
        "unreadable": listening.roster.unreadable,
        "unreadable_reason": listening.roster.said,
        "count": len(everyone),
        "silence": None if any(one["seconds"] is not None for one in everyone) else SILENCE,
        "states": Counter(one["state"] for one in everyone),
        "models": Counter(one["model"] or "unknown" for one in everyone).most_common(),
        "rolled_back": Counter(name for one in everyone for name in one["bad"]).most_common(),
        "matching": len(wanted),
        "devices": wanted[:MOST_ROWS],
    }


def row(device: Device, now: float) -> dict[str, Any]:
    """A device in JSON types, its texts fit to be shown."""
    report = device.report
    shown: dict[str, Any] = {
        "name": plain(device.name),
        "state": device.state(now),
        "fps": None,
        "temperature": None,
        "conditions": [],
        "model": None,
        "proved": True,
        "bad": {},
        "error": None,
        "seconds": None,
    }
    if report is not None:
        shown |= {
            "fps": round(sum(report.fps.values()), 1) if report.fps else None,
            "temperature": report.temperature,
            "conditions": [plain(one) for one in report.conditions],
            "model": None if report.model is None else plain(report.model),
            "proved": report.proved,
            "bad": {plain(name): plain(reason) for name, reason in report.bad.items()},
            "error": _error(device),
            "seconds": round(max(0.0, now - device.seen)),
        }
    shown["troubled"] = bool(shown["error"] or shown["conditions"])
    return shown


def _error(device: Device) -> dict[str, str] | None:
    """The last one; what a restart made the device forget, its store still knows of its models."""
    assert device.report is not None
    if (known := device.report.error) is not None:
        return {"time": known.time.isoformat(), "about": plain(known.about), "reason": plain(known.reason)}
    for name, reason in reversed(device.report.bad.items()):
        return {"time": "", "about": plain(f"model {name}"), "reason": plain(reason)}
    return None


def _searched(shown: dict[str, Any]) -> str:
    error = shown["error"] or {}
    words = (shown["name"], shown["state"], shown["model"], error.get("about"), error.get("reason"))
    return " ".join(word for word in words if word).lower()
