"""What eight dashboards and an MQTT subscriber cost a daemon that works as fast as it can.

    python -m benchmarks.service.onlookers [--clients 8] [--rounds 5] [--seconds 10]

Needs root (for a small disk), mosquitto with its clients, cc and curl. Rounds with and without onlookers take
turns; each dashboard hears every event and takes pictures. Writes the ratio to docs/results.md.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.service.faults import Scene, scene_in
from train_keras.results import write_section

FPS = 1000.0  # of the camera; more than the machine can do
SETTLE = 2.0  # seconds


def frames_a_second(scene: Scene, seconds: float) -> float:
    time.sleep(SETTLE)
    before, began = scene.service.observations, time.monotonic()
    time.sleep(seconds)
    return (scene.service.observations - before) / (time.monotonic() - began)


@contextlib.contextmanager
def onlookers(scene: Scene, clients: int):
    page = f"http://127.0.0.1:{scene.service.port}"
    commands = [["curl", "-sN", f"{page}{path}"] for path in ("/events", "/preview.mjpeg")] * clients
    commands.append(["mosquitto_sub", "-p", str(scene.broker.port), "-t", "mien/#"])
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    alone, watched = [], []
    with tempfile.TemporaryDirectory() as folder, scene_in(Path(folder), "1g", FPS) as scene:
        for _ in range(arguments.rounds):
            alone.append(frames_a_second(scene, arguments.seconds))
            with onlookers(scene, arguments.clients):
                watched.append(frames_a_second(scene, arguments.seconds))
            print(f"{alone[-1]:.0f} frames a second alone, {watched[-1]:.0f} watched", flush=True)
    ratios = [one / other for one, other in zip(watched, alone, strict=True)]
    middle = statistics.median
    body = (
        f"{arguments.clients} dashboards, each with events and pictures, and an MQTT subscriber; "
        "a network camera that gives more than the machine can take, every output on. "
        f"{middle(watched):.0f} frames a second against {middle(alone):.0f} without them; "
        f"median of the ratios of {len(ratios)} pairs of rounds {middle(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})."
    )
    print(body)
    write_section("onlookers", "What onlookers cost", "python -m benchmarks.service.onlookers", body)


if __name__ == "__main__":
    main()
