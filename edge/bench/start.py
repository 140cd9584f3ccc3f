"""How long mien takes to start and how much memory the daemon holds, measured from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np

from edge.bench.document import Start
from edge.errors import MienError
from edge.types import SCHEMA

STARTS = 3
WATCHED_FRAMES = 100  # of the daemon whose memory is measured: with the page served


def measure_start(flags: list[str]) -> Start:
    """Start fresh interpreters on the demo clip.

    Args:
        flags: of `mien run`, such as ["--model", "slim"].
    Raises:
        MienError: a process could not do its work; the message is its own last line.
    """
    run = [sys.executable, "-m", "edge.cli", "run", "--camera", "demo", *flags]
    imports = [_finish([sys.executable, "-c", "import edge.cli"])[0] for _ in range(STARTS)]
    firsts = [_finish([*run, "--jsonl", "-", "--no-http", "--max-frames", "1"])[0] for _ in range(STARTS)]
    watched = ["--http", "127.0.0.1:0", "--no-terminal", "--max-frames", str(WATCHED_FRAMES)]
    _, memory = _finish([*run, *watched])
    return Start(
        import_seconds=float(np.median(imports)),
        first_observation_seconds=float(np.median(firsts)),
        daemon_rss_bytes=memory,
    )


def _finish(command: list[str]) -> tuple[float, int]:
    """Seconds until the first observation on standard output, or until the end, and peak memory."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        next((line for line in process.stdout if SCHEMA in line), None)
        seconds = time.perf_counter() - begin
        process.stdout.read()
        complaints = process.stderr.read().strip().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise MienError(f"'mien {command[3]}' ended with {process.returncode}: {(complaints or ['?'])[-1]}")
    return seconds, usage.ru_maxrss * 1024
