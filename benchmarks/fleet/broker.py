"""A mosquitto of our own, and what it costs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge.errors import DependencyError

PATIENCE = 20.0  # seconds for its start
# One client hears the whole fleet here, and mosquitto's defaults let 20 messages to a client be under way and
# 1,000 wait; what waits beyond is thrown away, at QoS 1 too. A wait of a moment must not cost messages.
CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
sys_interval 1
max_inflight_messages 200
max_queued_messages 100000
"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the broker's process until now: processor time in seconds, resident memory in bytes."""

    processor_seconds: float
    memory: int


class Mosquitto:
    """A broker on a free loopback port; a context manager.

    Args:
        folder: for its configuration.
    Raises:
        DependencyError: mosquitto is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._program = find_program()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        # As root it would become another user, who may not read the folder.
        user = "root" if os.geteuid() == 0 else "mosquitto"
        self._file.write_text(CONFIGURATION.format(port=self.port, user=user))

    def __enter__(self) -> Self:
        command = [self._program, "-c", str(self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        self._process.kill()
        raise TimeoutError("mosquitto does not start")

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait()

    def usage(self) -> Usage:
        """What it has used so far."""
        process = Path("/proc", str(self._process.pid))
        # The name in brackets may hold spaces; user and system time are the 12th and 13th field behind it.
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        pages = int((process / "statm").read_text().split()[1])
        return Usage((int(fields[11]) + int(fields[12])) / TICKS, pages * os.sysconf("SC_PAGE_SIZE"))


def find_program() -> str:
    """mosquitto's path. Raises DependencyError where it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise DependencyError("mosquitto is not installed: apt install mosquitto")
    return found


def version() -> str:
    """mosquitto's version."""
    said = subprocess.run([find_program(), "-h"], capture_output=True, text=True).stdout
    found = re.search(r"version (\S+)", said)
    return found[1] if found else "unknown"
