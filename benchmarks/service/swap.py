"""What a change of the model costs a daemon that is at work.

    python -m benchmarks.service.swap [--swaps 20] [--fps 30]

A camera shows the demo clip at its pace, over and over, and `mien models install FILE --use` goes from slim
to slim_fine and back while the daemon runs. Every observation is held against what the model that it names
answers to that frame, asked beforehand. Writes its table to docs/results.md; fails where a frame is lost
beyond the ordinary, an observation is wrong, or a swap takes longer than it may.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.service.camera import clip_pictures
from benchmarks.service.running import wait_for
from edge import bundles
from edge.bundles import archive
from edge.cameras.file import FileCamera
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.finding import Finder
from edge.pipeline import Pipeline
from edge.smoothing import MaskVote, Smoother
from train_keras.results import write_section

NAMES = ("slim", "slim_fine")
LIMIT = 2.0  # seconds from the command to the first observation
REST = 3.0  # seconds between two swaps
SAME = 2e-5  # of a probability; events are rounded to six digits
SIDE = 320
Counts = tuple[int, int, int, int]
CONFIGURATION = """
[camera]
source = "{folder}/clip.avi"
every_frame = false
loop = true
[detector]
interval = 1
longest_side = {side}
[model]
store = "{folder}/models"
[smoothing]
time_constant = 0
[health]
adapt = false
[outputs]
http = false
socket = "{folder}/events"
"""


@dataclass
class Heard:
    """What a daemon says, with the time it was heard at: monotonic seconds.

    Attributes:
        first: by model, when it was named for the first time.
    """

    observations: list[dict[str, Any]] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)

    def listen(self, path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.connect(str(path))
            for line in client.makefile("rb"):
                event = json.loads(line)
                if event["schema"] == "mien.observation/1":
                    self.first.setdefault(event["model"], time.monotonic())
                    self.observations.append(event)


def write_clip(file: Path, fps: float) -> int:
    """The demo clip at another pace; how many frames it has."""
    found = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in clip_pictures()]
    pictures = [picture for picture in found if picture is not None]
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return len(pictures)


def answers(file: Path, name: str) -> list[list[dict[str, float]]]:
    """What a model says of each frame: the probabilities of each face."""
    finder = Finder(open_detector("facet", SIDE, None), interval=1)
    pipeline = Pipeline(finder, Classifier(bundles.load(name)), Smoother(0), MaskVote(), fps=30.0)
    camera, found = FileCamera(file), []
    while (frame := camera.read()) is not None:
        seen = pipeline.process(frame).to_dict()
        found.append([face["probabilities"] for face in seen["faces"]])
    return found


def differs(said: dict[str, Any], expected: list[dict[str, float]]) -> bool:
    faces = [face["probabilities"] for face in said["faces"]]
    return len(faces) != len(expected) or any(
        abs(one[label] - other[label]) > SAME
        for one, other in zip(faces, expected, strict=True)
        for label in one
    )


def dropped(observations: list[dict[str, Any]]) -> int:
    """Frames between the observed ones."""
    frames = [event["frame"] for event in observations]
    return sum(later - earlier - 1 for earlier, later in itertools.pairwise(frames))


def package(folder: Path, name: str, version: str) -> Path:
    """A shipped model as another version, packed."""
    copy = folder / f"{name}-{version}"
    shutil.copytree(bundles.SHIPPED / name, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"version": version}))
    return archive.pack(copy, folder / f"{name}-{version}.mien")


@contextlib.contextmanager
def daemon(folder: Path) -> Iterator[Heard]:
    """Runs the daemon and listens to it."""
    command = [sys.executable, "-m", "edge.cli", "run", "--no-terminal"]
    command += ["--config", str(folder / "config.toml")]
    heard = Heard()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        try:
            wait_for((folder / "events").exists, "the daemon does not start")
            threading.Thread(target=heard.listen, args=(folder / "events",), daemon=True).start()
            wait_for(lambda: len(heard.observations) > 30, "the daemon does not observe")
            yield heard
        finally:
            process.terminate()
            process.wait(10)


def swap(file: Path, folder: Path, heard: Heard, model: str) -> tuple[float, float]:
    """Seconds from the command, and from the switch of the link, to the first observation of the model."""
    command = [sys.executable, "-m", "edge.cli", "models", "install", str(file), "--use", "--allow-unsigned"]
    began, wall = time.monotonic(), time.time()
    environment = {**os.environ, "MIEN_MODELS": str(folder / "models")}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    switched = (folder / "models/active-expression").lstat().st_mtime - wall
    wait_for(lambda: model in heard.first, f"{model} does not come into use", (folder / "log").read_text())
    took = heard.first[model] - began
    return took, took - switched


def count(observations: list[dict[str, Any]], expected: dict[str, list[Any]], length: int) -> Counts:
    """Observations, frames lost between them, and how many differ from the model they name and from both."""
    wrong = neither = 0
    for event in observations:
        frame = event["frame"] % length
        wrong += differs(event, expected[event["model"].partition("@")[0]][frame])
        neither += all(differs(event, expected[name][frame]) for name in NAMES)
    return len(observations), dropped(observations), wrong, neither


def describe(calm: Counts, busy: Counts, took: list[tuple[float, float]], fps: float, load: float) -> str:
    """The section's text."""
    whole, after = ([one[place] for one in took] for place in (0, 1))
    rows = (
        "observations",
        "frames nobody looked at",
        "differ from the model they name",
        "are neither model's",
    )
    table = [f"| {row} | {one} | {other} |" for row, one, other in zip(rows, calm, busy, strict=True)]
    lines = (
        f"The demo clip at {fps:g} frames a second, {len(took)} times `mien models install FILE --use`, in",
        "turn of slim and slim_fine, each as a newer version, while the daemon observes. Every observation",
        "is compared with what the model that it names answers to that frame. Other work on this machine:",
        f"a load of {load:.1f} on {os.cpu_count()} cores before the start.",
        "",
        "| | without swaps | with swaps |",
        "|---|---|---|",
        *table,
        "",
        f"To the first observation of the new model: {statistics.median(whole):.2f} s from the start of the",
        f"command, which checks the file first (longest {max(whole):.2f} s), and",
        f"{statistics.median(after):.2f} s from the switch in the store (longest {max(after):.2f} s);",
        "medians.",
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--fps", type=float, default=30.0)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        length = write_clip(folder / "clip.avi", arguments.fps)
        expected = {name: answers(folder / "clip.avi", name) for name in NAMES}
        versions = [(NAMES[number % 2], f"1.0.{number}") for number in range(arguments.swaps)]
        files = [package(folder, name, version) for name, version in versions]
        (folder / "config.toml").write_text(CONFIGURATION.format(folder=folder, side=SIDE))
        took = []
        with daemon(folder) as heard:
            time.sleep(arguments.swaps * REST)
            calm = len(heard.observations)
            for file, (name, version) in zip(files, versions, strict=True):
                took.append(swap(file, folder, heard, f"{name}@{version}"))
                print(
                    f"{name} {version}: {took[-1][0]:.2f} s, {took[-1][1]:.2f} s after the switch", flush=True
                )
                time.sleep(REST)
        before = count(heard.observations[:calm], expected, length)
        after = count(heard.observations[calm:], expected, length)
    body = describe(before, after, took, arguments.fps, load)
    print(body)
    write_section("swap", "What a change of the model costs", "python -m benchmarks.service.swap", body)
    if after[1] > before[1] or after[2] or max(whole for whole, _ in took) > LIMIT:
        sys.exit("a frame was lost, an observation was wrong, or a swap took too long")


if __name__ == "__main__":
    main()
