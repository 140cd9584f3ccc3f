"""What clients of the web server cost: the processor time of a process that publishes and serves.

    python benchmarks/http_clients.py [--clients 8] [--seconds 15]

Frames of the demo clip are published with two faces each, 30 a second; the clients run in a process of their
own. The figures stand in docs/http.md.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from edge.bus import Bus
from edge.cameras.demo import CLIP
from edge.cameras.file import FileCamera
from edge.control import Control
from edge.labels import LABELS
from edge.outputs.http import HttpServer
from edge.settings import HttpConfig
from edge.types import Expression, Face, Frame, Observation, ObservedFace

FPS = 30.0
FACES = 2
PICTURES = 60  # frames that are held ready, so that decoding does not count


@dataclass
class Counters:
    name: str = "demo"
    overtaken: int = 0
    skipped: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15.0)
    options = parser.parse_args()
    bus, counters = Bus(), [Counters()]
    server = HttpServer(HttpConfig(), "127.0.0.1:0", bus, Control(), lambda: counters, True)
    server.start()
    frames = read_frames()
    for clients, paths in (
        (0, ()),
        (options.clients, ("/events",)),
        (1, ("/events", "/preview.mjpeg")),
        (options.clients, ("/events", "/preview.mjpeg")),
    ):
        share = measure(bus, frames, server.port, clients, paths, options.seconds)
        print(f"{clients} clients of {', '.join(paths) or 'nothing'}: {share:.1%} of a core")
    server.close()


def measure(
    bus: Bus, frames: Sequence[Frame], port: int, clients: int, paths: Sequence[str], seconds: float
) -> float:
    """Processor seconds a second of this process while so many clients read each of the paths."""
    reading = multiprocessing.get_context("spawn").Process(
        target=read_all, args=(port, [*paths] * clients), daemon=True
    )
    reading.start()
    publish(bus, frames, 3.0)  # until all are connected
    processor, began = time.process_time(), time.monotonic()
    publish(bus, frames, seconds)
    share = (time.process_time() - processor) / (time.monotonic() - began)
    reading.terminate()
    reading.join()
    return share


def publish(bus: Bus, frames: Sequence[Frame], seconds: float) -> None:
    """Publish at FPS for so long."""
    due = time.monotonic()
    for number in range(int(seconds * FPS)):
        frame = frames[number % len(frames)]
        probabilities = np.full(len(LABELS), 1 / len(LABELS), np.float32)
        face = Face(np.array([100, 100, 200, 220], np.float32), 0.9, np.full((5, 2), 150, np.float32), "mask")
        faces = tuple(ObservedFace(face, Expression(probabilities), track) for track in range(FACES))
        seen = Observation("demo", int(time.monotonic() * 1000), datetime.now(UTC), 0.02, 0.01, 0.001, faces)
        bus.publish(seen, frame)
        due += 1 / FPS
        time.sleep(max(0.0, due - time.monotonic()))


def read_all(port: int, paths: Sequence[str]) -> None:
    """Read every path for ever, each over a connection of its own."""
    threads = [threading.Thread(target=read, args=(port, path), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    while answer.read1(65536):
        pass


def read_frames() -> list[Frame]:
    """The first frames of the demo clip."""
    camera = FileCamera(CLIP)
    frames = [camera.read() for _ in range(PICTURES)]
    camera.close()
    return [frame for frame in frames if frame is not None]


if __name__ == "__main__":
    main()
