"""Files as real boards show them, in a folder that takes the place of /."""

from __future__ import annotations

from pathlib import Path

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
FIRMWARE_PI5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
ZONE = "sys/class/thermal/thermal_zone0"
SENSOR = "sys/class/hwmon/hwmon1"
MEMINFO = """MemTotal:        3884404 kB
MemFree:          254012 kB
MemAvailable:    2965104 kB
Buffers:           91588 kB
SwapTotal:        102396 kB
HugePages_Total:       0
"""


def put(root: Path, path: str, text: str) -> None:
    """Write one of the kernel's files."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def raspberry_pi(root: Path, throttled: str = "0", temperature: float = 48.3) -> Path:
    """A Raspberry Pi 4 with 4 GB."""
    put(root, FIRMWARE, f"{throttled}\n")
    put(root, f"{ZONE}/type", "cpu-thermal\n")
    put(root, f"{ZONE}/temp", f"{temperature * 1000:.0f}\n")
    put(root, f"{SENSOR}/name", "rpi_volt\n")
    put(root, f"{SENSOR}/in0_lcrit_alarm", "0\n")
    put(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000\n")
    put(root, "sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq", "1800000\n")
    put(root, "proc/meminfo", MEMINFO)
    put(root, "proc/self/statm", "98765 25000 12000 2 0 50000 0\n")
    put(root, "proc/self/cgroup", "0::/system.slice/mien.service\n")
    put(root, "proc/loadavg", "1.42 1.10 0.98 2/312 4711\n")
    return root


def limit(root: Path, group: str, used: int, most: str = "max", high: str = "max", cache: int = 0) -> None:
    """A control group of version 2, in bytes."""
    put(root, f"sys/fs/cgroup/{group}/memory.max", f"{most}\n")
    put(root, f"sys/fs/cgroup/{group}/memory.high", f"{high}\n")
    put(root, f"sys/fs/cgroup/{group}/memory.current", f"{used}\n")
    put(root, f"sys/fs/cgroup/{group}/memory.stat", f"anon 1000\nfile {cache}\ninactive_file {cache}\n")
