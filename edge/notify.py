"""Tells systemd how the service fares: the protocol of sd_notify(3), without its library.

Started by anything else than systemd, there is nobody to tell and every function here does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

PINGS = 6  # signs of life within the watchdog's time; one or two may be late
SECONDS = 0.5  # a busy manager is waited for; frames wait meanwhile


def is_service(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd started this process and waits to be told."""
    return bool(environment.get("NOTIFY_SOCKET"))


def ready(status: str = "") -> None:
    """Started, or done with a reload; `status` is for `systemctl status`."""
    _tell("READY=1", *([f"STATUS={_one_line(status)}"] if status else []))


def status(text: str) -> None:
    """What `systemctl status` shows of the service."""
    _tell(f"STATUS={_one_line(text)}")


def watchdog() -> None:
    """A sign of life."""
    _tell("WATCHDOG=1")


def reloading() -> None:
    """A reload began; `ready` ends it, also where the new configuration was refused."""
    # The time tells systemd 253 and later which of several reloads this one answers.
    _tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def stopping(status: str = "") -> None:
    """The end began."""
    _tell("STOPPING=1", *([f"STATUS={_one_line(status)}"] if status else []))


def watchdog_interval(environment: Mapping[str, str] = os.environ) -> float | None:
    """Seconds from one sign of life to the next; None where nobody waits for one."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # meant for the process that started this one
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1e6 / PINGS if microseconds > 0 else None


def _tell(*assignments: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(SECONDS)
        try:
            # An abstract address is written with @ for its leading zero byte.
            sender.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            sender.sendall("\n".join(assignments).encode())
        except OSError:
            pass  # nobody listens (any more), which is no reason to stop working


def _one_line(text: str) -> str:
    return " ".join(text.split())
