"""What this machine is; no serial number, no address of its network."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.health.conditions import Conditions
from edge.health.files import read, table
from edge.health.vitals import ROOT, read_vitals
from edge.settings import HealthConfig
from edge.setup.cameras import find_cameras


def machine(root: Path = ROOT) -> dict[str, Any]:
    """Hardware and operating system, as far as the kernel tells.

    Args:
        root: of the file system with /proc and /etc.
    """
    total = table(root / "proc/meminfo").get("MemTotal")
    return {
        "board": (read(root / "proc/device-tree/model") or "").rstrip("\0") or None,
        "processor": _processor(root),
        "cores": os.cpu_count(),
        "memory_bytes": None if total is None else total * 1024,
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "system": _system(root),
        "uptime_seconds": float((read(root / "proc/uptime") or "0").split()[0]),
        "cameras": [asdict(camera) for camera in find_cameras(root)],
    }


def health(config: HealthConfig, root: Path = ROOT) -> dict[str, Any]:
    """How the machine fares at this moment: vital signs (docs/service.md), and what is wrong."""
    vitals = read_vitals(root=root)
    told = asdict(vitals)
    if vitals.throttling is not None:
        told["throttling"] = {
            "now": sorted(vitals.throttling.now),
            "past": sorted(vitals.throttling.past),
        }
    return {**told, "conditions": list(Conditions(config).update(vitals, 0.0))}


def _processor(root: Path) -> str | None:
    lines = (read(root / "proc/cpuinfo") or "").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _system(root: Path) -> str | None:
    lines = (read(root / "etc/os-release") or "").splitlines()
    names = (line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME="))
    return next(names, None)
