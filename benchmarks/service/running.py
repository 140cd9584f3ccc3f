"""A daemon under observation: `mien run` with every output on, and what it says."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

PATIENCE = 60.0
CONFIGURATION = """
[camera]
source = "{source}"
stall_seconds = 2.0
retry_seconds = 2.0
[model]
name = "{model}"
[outputs]
address = "127.0.0.1:{port}"
jsonl = "{folder}/disk/events.jsonl"
socket = "{folder}/events"
preview = true
[mqtt]
host = "127.0.0.1"
port = {broker}
device = "test"
interval = 0.2
"""


class Broker:
    """Debian's mosquitto on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process: subprocess.Popen[bytes] | None = None

    def come(self) -> None:
        command = ["mosquitto", "-c", str(self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def go(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def hears(self, topic: str, seconds: float) -> bool:
        """Whether something new is told at a topic within so many seconds."""
        command = [
            "mosquitto_sub",
            "-p",
            str(self.port),
            "-t",
            topic,
            "-R",
            "-C",
            "1",
            "-W",
            str(int(seconds)),
        ]
        return subprocess.run(command, capture_output=True).returncode == 0


class Service:
    """Runs the daemon in a folder; a context manager.

    Args:
        folder: for its configuration, socket and files.
        source: of its camera.
        environment: more of it.
    Attributes:
        last: monotonic time of its newest observation.
        gap: the longest time between two observations; whoever is interested sets it to 0 before.
        observations: how many it made.
        ahead: seconds that the newest observation's time is ahead of this machine's clock.
        states: its camera events.
    """

    def __init__(self, folder: Path, source: str, broker: int, **environment: str) -> None:
        from edge.bundles import DEFAULT_MODEL, SHIPPED

        self.folder, self.port = folder, free_port()
        self.model = folder / "model"
        shutil.copytree(SHIPPED / DEFAULT_MODEL, self.model)
        self._file = folder / "config.toml"
        self._text = CONFIGURATION.format(
            source=source, folder=folder, model=self.model, port=self.port, broker=broker
        )
        self.configure("")
        self.last, self.gap, self.observations, self.ahead = 0.0, 0.0, 0, 0.0
        self.states: list[dict[str, Any]] = []
        self._ending = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "run", "--no-terminal", "--config", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
            env={**os.environ, "MIEN_CAMERA_WAIT": "1", **environment},
            # Started by nohup, a process ignores SIGHUP, and so would those it starts.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        wait_for(lambda: self.observations > 20, "the daemon does not start observing", self.log)
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending = True
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def configure(self, more: str) -> None:
        """Write the configuration, with more lines; the daemon reads it at its next reload."""
        self._file.write_text(self._text + more)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _listen(self) -> None:
        while not self._ending:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.folder / "events"))
                for line in client.makefile("rb"):
                    event = json.loads(line)
                    if event["schema"] == "mien.observation/1":
                        now = time.monotonic()
                        self.gap = max(self.gap, now - self.last)
                        self.last = now
                        self.observations += 1
                        self.ahead = datetime.fromisoformat(event["time"]).timestamp() - time.time()
                    elif event["schema"] == "mien.camera/1":
                        self.states.append(event)
            time.sleep(0.05)


def wait_for(holds: Callable[[], bool], otherwise: str, log: str = "", patience: float = PATIENCE) -> float:
    """Seconds until it holds; RuntimeError where it does not come to that."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience:
            raise RuntimeError(f"{otherwise}\n{log}")
        time.sleep(0.02)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
