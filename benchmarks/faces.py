"""What a frame takes with more faces in it, with more pixels, and with more cameras beside it.

    python -m benchmarks.faces [--quick]

Faces of the demo clip, pasted in a grid; the shipped models, one thread a camera, a look at the whole picture
in each frame. Writes a section of docs/results.md; with --quick, which is no measurement, under runs/quick.
"""

from __future__ import annotations

import argparse
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.fit import Line, fit_line
from benchmarks.grid import heads_of, picture_of
from benchmarks.material import SIZE, demo_frames, make_pipeline, stepping
from benchmarks.outcome import DOCS, QUICK, begin_on_one_thread, believed, key_of, outcome
from benchmarks.rounds import Rounds, Turn, take_turns, turn_of
from edge.bench.table import measuring
from edge.bench.words import milliseconds
from edge.bundles import DEFAULT_MODEL, load
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.turns import MOST
from edge.types import Image
from train_keras.results import write_section

COMMAND = "python -m benchmarks.faces"
ROUNDS, SECONDS = 7, 2.0
QUICK_ROUNDS, QUICK_SECONDS = 2, 0.1
FACES = (1, 2, 3, 5, 8, 12, 16, 20, 25, 30)
SIZES = {"QVGA": (320, 240), "VGA": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
CAMERAS = (1, 2, 3, 4)
FPS = 25.0  # of the cameras' clocks
PICTURES = 8  # different ones of each kind


@dataclass(frozen=True, slots=True)
class Scene:
    """What a camera shows: pictures, uint8 [H, W, 3] each, and how many faces mien finds in one."""

    name: str
    images: list[Image]
    found: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only to see that it works")
    quick = parser.parse_args().quick
    docs, rounds, seconds = (QUICK, QUICK_ROUNDS, QUICK_SECONDS) if quick else (DOCS, ROUNDS, SECONDS)
    with measuring(rounds) as report:
        context = begin_on_one_thread(report)
        crowds, sizes = scenes()
        turns: dict[str, Turn] = {
            scene.name: turn_of(stepping_through(scene.images)) for scene in (*crowds, *sizes)
        }
        turns |= {f"{count} cameras": cameras_turn(crowds[0].images, count) for count in CAMERAS}
        found = take_turns(turns, rounds, seconds, report)
    body = "\n\n".join(
        (
            believed(outcome(context, COMMAND, found.record)),
            _HEAD.format(seconds=seconds, rounds=rounds, model=DEFAULT_MODEL),
            *section(crowds, sizes, found),
        )
    )
    write_section(
        key_of("faces"),
        f"Faces, pixels and cameras, {context.machine.cpu}",
        COMMAND,
        body,
        docs / "results.md",
    )
    print(body)


def scenes() -> tuple[list[Scene], list[Scene]]:
    """Pictures of 640x480 with more and more faces, and pictures of more and more pixels with one."""
    detector = open_detector("facet")
    heads = heads_of(demo_frames()[0], detector)

    def scene(name: str, faces: int, size: tuple[int, int], cells: int) -> Scene:
        turned = [heads[number:] + heads[:number] for number in range(PICTURES)]
        images = [picture_of(some, faces, size, cells) for some in turned]
        return Scene(name, images, float(np.mean([len(detector.detect(image)) for image in images])))

    crowds = [scene(f"{count} faces", count, SIZE, max(FACES)) for count in FACES]
    return crowds, [scene(name, 1, size, 4) for name, size in SIZES.items()]


def stepping_through(images: Sequence[Image]) -> Callable[[], object]:
    """A camera of its own: detector, classifier and pipeline."""
    classifier = Classifier(load(DEFAULT_MODEL))
    return stepping(make_pipeline(classifier, open_detector("facet"), FPS, adaptive=False), images)


def cameras_turn(images: Sequence[Image], count: int) -> Turn:
    """So many cameras side by side, a thread each as in the daemon; seconds of every frame of each."""
    steps = [stepping_through(images) for _ in range(count)]

    def turn(seconds: float) -> list[float]:
        took: list[list[float]] = [[] for _ in steps]
        began = time.perf_counter()
        threads = [
            threading.Thread(target=lambda mine, step: mine.extend(turn_of(step)(seconds)), args=pair)
            for pair in zip(took, steps, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.perf_counter() - began >= seconds
        return list(itertools.chain(*took))

    return turn


_HEAD = """Milliseconds of a frame, medians in turns of {seconds:g} s, {rounds} rounds in an order drawn anew
for each; `{model}`, one thread a camera, a look at the whole picture in every frame. The faces are the demo
clip's, pasted in a grid on grey; lines are fitted by least squares, with standard errors. The detector looks
at 320 pixels whatever the picture's size."""


def section(crowds: Sequence[Scene], sizes: Sequence[Scene], found: Rounds) -> list[str]:
    """Three tables, each with its line."""

    def times(names: Sequence[str]) -> list[float]:
        return [1000 * found.seconds(name) for name in names]

    by_faces = times([scene.name for scene in crowds])
    by_size = times([scene.name for scene in sizes])
    pixels = [width * height / 1e6 for width, height in SIZES.values()]
    names = [f"{count} cameras" for count in CAMERAS]
    by_cameras = times(names)
    rates = [1000 * count / took for count, took in zip(CAMERAS, by_cameras, strict=True)]
    return [
        _table(
            ("faces in the picture", *map(str, FACES)),
            ("found", *(f"{scene.found:.1f}" for scene in crowds)),
            ("ms", *(f"{took:.3g}" for took in by_faces)),
        ),
        sentence(fit_line(*few(crowds, by_faces)), f"face found, up to {MOST}")
        + f" Of more, {MOST} are read in a frame, in turns.",
        _table(
            ("one face", *(f"{name}, {width}x{height}" for name, (width, height) in SIZES.items())),
            ("ms", *(f"{took:.3g}" for took in by_size)),
        ),
        sentence(fit_line(pixels, by_size), "megapixel"),
        _table(
            ("cameras, one face", *map(str, CAMERAS)),
            ("ms a frame", *(f"{took:.3g}" for took in by_cameras)),
            ("frames a second, all together", *(f"{each:,.0f}" for each in rates)),
        ),
        sentence(fit_line(CAMERAS, by_cameras), "camera"),
    ]


def few(crowds: Sequence[Scene], took: Sequence[float]) -> tuple[list[float], list[float]]:
    """Faces found and the time it took, as far as every face is read in every frame."""
    both = [(scene.found, each) for scene, each in zip(crowds, took, strict=True) if scene.found <= MOST]
    return [found for found, _ in both], [each for _, each in both]


def sentence(line: Line, each: str) -> str:
    """
    >>> sentence(Line(1.5, 0.25, 0.1, 0.01, 0.05), "face found")
    'ms = 1.50 (± 0.1) + 0.250 (± 0.01) for each face found; the line misses by 0.050 (root mean square).'
    """
    start, slope, missed = (milliseconds(value / 1000) for value in (line.start, line.slope, line.residual))
    return (
        f"ms = {start} (± {line.start_error:.2g}) + {slope} (± {line.slope_error:.2g}) for each {each}; "
        f"the line misses by {missed} (root mean square)."
    )


def _table(head: Sequence[str], *rows: Sequence[str]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    main()
