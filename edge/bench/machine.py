"""What machine this is, and what runs on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from edge.health.files import number, read, table
from edge.health.vitals import ROOT
from edge.versions import version_of

if TYPE_CHECKING:
    from edge.bench.document import Machine

BOARDS = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
CORES = "sys/devices/system/cpu/cpu*/cpufreq"
# What multiplies 8-bit integers, the fastest first: an int8 model's gain over a float model hangs on it. On
# AVX2 alone the default gained nothing (docs/results.md).
INTEGER_UNITS = {
    "amx_int8": "AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "i8mm": "NEON I8MM",
    "asimddp": "NEON DotProd",
    "avx512bw": "AVX-512",
    "avx2": "AVX2",
    "asimd": "NEON",
    "neon": "NEON",
    "sse4_1": "SSE4.1",
}


def describe(root: Path = ROOT) -> Machine:
    """The machine; what it does not tell is None.

    Args:
        root: of the file system with /proc and /sys.
    """
    from edge.bench.document import Machine

    governors = {(read(folder / "scaling_governor") or "").strip() for folder in root.glob(CORES)} - {""}
    clocks = [clock for folder in root.glob(CORES) if (clock := number(folder / "cpuinfo_max_freq"))]
    memory = table(root / "proc/meminfo").get("MemTotal")
    return Machine(
        board=board(root),
        cpu=cpu_model(root),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)),
        clock_max_mhz=max(clocks) / 1000 if clocks else None,
        governor=", ".join(sorted(governors)) or None,
        memory_bytes=None if memory is None else memory * 1024,
        kernel=f"{platform.system()} {platform.release()}",
    )


def board(root: Path = ROOT) -> str | None:
    """The board's name from its device tree, or a PC's from its firmware."""
    for file in BOARDS:
        if name := (read(root / file) or "").strip("\0\n "):
            return name
    words = [(read(root / f"sys/class/dmi/id/{key}") or "").strip() for key in ("sys_vendor", "product_name")]
    return " ".join(word for word in words if word) or None


def cpu_model(root: Path = ROOT) -> str:
    """The processor's name, or the board's on machines whose kernel does not tell, and its integer unit."""
    name = _cpuinfo(root, "model name") or board(root) or platform.machine()
    unit = integer_unit(root)
    return f"{name}, {unit}" if unit else name


def integer_unit(root: Path = ROOT) -> str | None:
    """The fastest of `INTEGER_UNITS` that the processor has."""
    told = (_cpuinfo(root, "flags") or _cpuinfo(root, "Features") or "").split()
    return next((name for flag, name in INTEGER_UNITS.items() if flag in told), None)


def _cpuinfo(root: Path, key: str) -> str | None:
    """What /proc/cpuinfo says of the first core."""
    for line in (read(root / "proc/cpuinfo") or "").splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return None


def versions() -> dict[str, str]:
    """Of mien and what it stands on.

    Raises:
        DependencyError: no TFLite runtime is installed.
    """
    import cv2
    import numpy as np

    from edge.runtime import runtime_version

    runtime, _, runtime_is = runtime_version().partition(" ")
    return {
        "mien": version_of("mien"),
        runtime: runtime_is,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
