"""The daemon under load for long: the clip as fast as it goes, every output on, a camera fault a minute.

    python -m benchmarks.service.soak [--minutes 30]        (make soak)

Needs root (for a small disk), mosquitto with its clients, and cc. Writes memory, descriptors and threads to
docs/results.md and a picture; fails where memory grew by 1 MB or more after the warm-up, or descriptors
or threads became more.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.service.camera import FailingCamera
from benchmarks.service.faults import scene_in
from benchmarks.service.running import Service
from train_keras.results import write_section

FPS = 200.0  # of the camera; more than the machine can do, so that it is never idle
WARM_UP = 0.2  # of the time
FAULT_EVERY, FAULT_LASTS = 60.0, 4.0  # seconds
SAMPLE = 5.0  # seconds
DASHBOARDS = 2
PICTURE = Path("docs/figures/soak.png")


@dataclass(frozen=True)
class Sample:
    """The daemon's process at a time in seconds; memory in MB."""

    time: float
    memory: float
    descriptors: int
    threads: int
    observations: int


def sample(service: Service, began: float) -> Sample:
    process = Path("/proc", str(service.process.pid))
    pages = int((process / "statm").read_text().split()[1])
    threads = len(list((process / "task").iterdir()))
    descriptors = len(list((process / "fd").iterdir()))
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return Sample(time.monotonic() - began, memory, descriptors, threads, service.observations)


def misbehave(camera: FailingCamera, ends: float) -> None:
    """Freeze, vanish and send garbage in turn."""
    kinds = ("freeze", "garbage", "go")
    number = 0
    while time.monotonic() + FAULT_EVERY < ends:
        time.sleep(FAULT_EVERY - FAULT_LASTS)
        kind = kinds[number % len(kinds)]
        number += 1
        if kind == "go":
            camera.go()
            time.sleep(FAULT_LASTS)
            camera.come()
        else:
            camera.mode = "freeze" if kind == "freeze" else "garbage"
            time.sleep(FAULT_LASTS)
            camera.mode = "stream"


def look_on(port: int, ends: float) -> None:
    """A dashboard: reads the event stream."""
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while time.monotonic() < ends and client.recv(1 << 16):
                pass


def run(minutes: float) -> list[Sample]:
    with tempfile.TemporaryDirectory() as folder, scene_in(Path(folder), size="1g", fps=FPS) as scene:
        began = time.monotonic()
        ends = began + 60 * minutes
        threads = [threading.Thread(target=misbehave, args=(scene.camera, ends), daemon=True)]
        threads += [
            threading.Thread(target=look_on, args=(scene.service.port, ends), daemon=True)
            for _ in range(DASHBOARDS)
        ]
        for thread in threads:
            thread.start()
        samples = []
        while time.monotonic() < ends:
            time.sleep(SAMPLE)
            samples.append(sample(scene.service, began))
            last = samples[-1]
            print(
                f"\r{last.time / 60:5.1f} min  {last.observations:8,} frames  {last.memory:6.1f} MB  "
                f"{last.descriptors} descriptors  {last.threads} threads ",
                end="",
                flush=True,
            )
        print()
        return samples


def draw(samples: list[Sample]) -> None:
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    minutes = [one.time / 60 for one in samples]
    axes.plot(minutes, [one.memory for one in samples], color="#1f6dc1")
    axes.set(xlabel="minutes", ylabel="resident memory, MB", title="mien run under load, every output on")
    axes.set_ylim(0, 1.25 * max(one.memory for one in samples))  # growth would show
    axes.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    samples = run(minutes)
    after = [one for one in samples if one.time > WARM_UP * 60 * minutes]
    third = max(1, len(after) // 3)
    before, now = (statistics.median(one.memory for one in part) for part in (after[:third], after[-third:]))
    # A camera's process and its pipes come and go with its faults; what counts is that they do not add up.
    first, last = after[:third], after[-third:]
    descriptors = [max(one.descriptors for one in part) for part in (first, last)]
    threads = [max(one.threads for one in part) for part in (first, last)]
    frames = samples[-1].observations
    body = f"""| | |
|---|---|
| time, frames | {minutes:.0f} min, {frames:,} |
| camera faults | one a minute, {FAULT_LASTS:.0f} s each: frozen, garbage, gone |
| memory, median of the first and of the last third after the warm-up | {before:.1f} MB, {now:.1f} MB |
| descriptors, most in the first and in the last third | {descriptors[0]}, {descriptors[1]} |
| threads, likewise | {threads[0]}, {threads[1]} |

![memory over time](figures/{PICTURE.name})"""
    print(body)
    good = now - before < 1.0 and descriptors[1] <= descriptors[0] and threads[1] <= threads[0]
    if good and minutes >= 30:
        draw(samples)
        write_section("soak", "Half an hour under load", "make soak", body)
    sys.exit(0 if good else "it grew")


if __name__ == "__main__":
    main()
