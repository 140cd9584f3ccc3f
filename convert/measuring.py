"""What a model costs on this machine, measured in fresh processes that do nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from convert.flatbuffer import open_model
from edge.errors import MienError

WARM_UP, LEAST_RUNS = 20, 50
SECONDS = 0.4  # of measuring in a process; a slow model takes longer, for its LEAST_RUNS
PROCESSES = 3  # one that shares its core with another program for its whole life tells nothing of the model
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one invoke takes, and the process around it.

    Attributes:
        latency_ms: median of single invokes, on one thread, in milliseconds.
        peak_memory_mb: largest resident memory of that process, libraries included, in 1e6 bytes.
    """

    latency_ms: float
    peak_memory_mb: float


def measure(flatbuffer: bytes) -> Cost:
    """Load and run a model in fresh processes, one after another; the fastest counts.

    Raises:
        MienError: one of them could not; the message is its own last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(flatbuffer)
        return min((_measure_apart(path) for _ in range(PROCESSES)), key=lambda cost: cost.latency_ms)


def _measure_apart(path: Path) -> Cost:
    command = [sys.executable, "-m", "convert.measuring", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        complaints = done.stderr.strip().splitlines() or ["no reason given"]
        raise MienError(f"the model could not be measured: {complaints[-1]}")
    return Cost(**json.loads(done.stdout))


def measure_here(path: Path) -> Cost:
    """Load and run the model of a file, in this process."""
    interpreter = open_model(path.read_bytes())
    (given,) = interpreter.get_input_details()
    picture = np.random.default_rng(0).integers(0, 128, given["shape"]).astype(given["dtype"])
    durations: list[float] = []
    end = np.inf
    while len(durations) < WARM_UP + LEAST_RUNS or time.perf_counter() < end:
        interpreter.set_tensor(given["index"], picture)
        begin = time.perf_counter()
        interpreter.invoke()
        durations.append(time.perf_counter() - begin)
        if len(durations) == WARM_UP:
            end = time.perf_counter() + SECONDS
    latency = 1000 * float(np.median(durations[WARM_UP:]))
    return Cost(round(latency, 4), round(_peak_memory() / 1e6, 1))


def _peak_memory() -> int:
    """In bytes. The kernel's figure of this program: `ru_maxrss` begins with its parent's."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    print(json.dumps(asdict(measure_here(Path(sys.argv[1])))))
