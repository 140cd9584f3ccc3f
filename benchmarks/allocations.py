"""What a frame allocates in the steady state, numpy's arrays included, and which lines allocate most.

    python -m benchmarks.allocations [--adaptive] [--frames 200]

Python's own allocations and numpy's, as tracemalloc sees them; not those inside the runtime and OpenCV.
Bytes, not times: what else runs on the machine does not matter. Writes a section of docs/results.md, unless
--no-section is given.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.material import demo_frames, make_pipeline, stepping
from edge.bundles import DEFAULT_MODEL, load
from edge.classifier import Classifier
from edge.detectors import open_detector
from train_keras.results import write_section

COMMAND = "python -m benchmarks.allocations"
ROOT = Path(__file__).parents[1]
WATCHED = f"{ROOT / 'edge'}/"
WARM_UP = 60  # frames: every size of input seen, every buffer made
SHOWN = 12  # lines
LEAST = 512  # bytes; the watching itself makes some of less


@dataclass(frozen=True, slots=True)
class Steady:
    """Of a frame, on average.

    Attributes:
        surviving_blocks, surviving_bytes: still there a run of frames later.
        peak_bytes: above what was there before the frame, at the moment it held most; the median.
    """

    surviving_blocks: float
    surviving_bytes: float
    peak_bytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--adaptive", action="store_true", help="with few looks at the whole picture")
    parser.add_argument("--frames", type=int, default=200, help="to measure; 200 by default")
    parser.add_argument("--no-section", action="store_true", help="print only")
    options = parser.parse_args()
    if options.frames < 2:
        parser.error("--frames takes 2 or more")
    images, fps = demo_frames()
    classifier = Classifier(load(DEFAULT_MODEL))
    step = stepping(make_pipeline(classifier, open_detector("facet"), fps, options.adaptive), images)
    for _ in range(WARM_UP):
        step()
    steady = watch(step, options.frames)
    lines = allocating_lines(step, options.frames)
    body = section(steady, lines, options)
    if not options.no_section:
        flags = " --adaptive" * options.adaptive
        key = "allocations-adaptive" if options.adaptive else "allocations"
        title = f"Allocations of a frame{', few full looks' if options.adaptive else ''}"
        write_section(key, title, COMMAND + flags, body)
    print(body)


def watch(step: Callable[[], object], frames: int) -> Steady:
    """What survives a step and how much it holds at most."""
    peaks = [0] * frames
    tracemalloc.start()
    try:
        step()
        gc.collect()
        before = tracemalloc.take_snapshot()
        for number in range(frames):
            base = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            step()
            peaks[number] = tracemalloc.get_traced_memory()[1] - base
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    own = [tracemalloc.Filter(False, __file__), tracemalloc.Filter(False, tracemalloc.__file__)]
    changes = after.filter_traces(own).compare_to(before.filter_traces(own), "filename")
    return Steady(
        sum(change.count_diff for change in changes) / frames,
        sum(change.size_diff for change in changes) / frames,
        float(sorted(peaks)[frames // 2]),
    )


def allocating_lines(
    step: Callable[[], object], frames: int, within: str = WATCHED
) -> list[tuple[str, float]]:
    """Bytes a frame that each line of the code in a folder allocates, the most first, freed at once or not.

    What a line holds at most above what was there before it counts; of arrays that it makes one after another
    and drops, the largest. What it calls outside the folder, such as numpy, counts as the line's own.
    """
    bytes_of: Counter[tuple[str, int]] = Counter()
    base = 0
    stack: list[tuple[str, int]] = []  # the line that each call of the folder's is at

    def charge() -> None:
        nonlocal base
        held = tracemalloc.get_traced_memory()[1] - base
        if stack and held >= LEAST:
            bytes_of[stack[-1]] += held
        tracemalloc.reset_peak()
        base = tracemalloc.get_traced_memory()[0]

    def trace_lines(frame: FrameType, event: str, _: Any) -> Any:
        charge()
        if event == "return":
            stack.pop()
        else:
            stack[-1] = frame.f_code.co_filename, frame.f_lineno
        return trace_lines

    def trace_calls(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(within):
            return None
        charge()
        stack.append((frame.f_code.co_filename, frame.f_lineno))
        return trace_lines

    tracemalloc.start()
    try:
        for _ in range(frames):
            tracemalloc.reset_peak()
            base = tracemalloc.get_traced_memory()[0]
            sys.settrace(trace_calls)
            step()
            sys.settrace(None)
    finally:
        sys.settrace(None)
        tracemalloc.stop()
    return [(f"{file}:{number}", held / frames) for (file, number), held in bytes_of.most_common()]


def section(steady: Steady, lines: list[tuple[str, float]], options: argparse.Namespace) -> str:
    """Markdown."""
    looks = "few looks" if options.adaptive else "a look in every frame"
    parts = [
        f"`{DEFAULT_MODEL}` and facet on the demo clip, 640x480, {looks}, {options.frames} frames after "
        f"{WARM_UP}. Python's objects and numpy's arrays, not what runtime and OpenCV keep to themselves.",
        "| a frame | |\n|---|---|\n"
        f"| blocks that survive it | {steady.surviving_blocks:.2f} |\n"
        f"| bytes that survive it | {steady.surviving_bytes:,.0f} |\n"
        f"| KiB held at most within it | {steady.peak_bytes / 1024:,.1f} |\n"
        f"| KiB allocated within it, sum of all lines | {sum(held for _, held in lines) / 1024:,.1f} |",
        "| the lines that allocate most | KiB a frame |\n|---|---|\n"
        + "\n".join(f"| {told(where)} | {held / 1024:,.2f} |" for where, held in lines[:SHOWN]),
    ]
    return "\n\n".join(parts)


def told(where: str) -> str:
    """A line's place from the root of the checkout, and what stands there."""
    file, _, number = where.rpartition(":")
    text = Path(file).read_text().splitlines()[int(number) - 1].strip().replace("|", "\\|")
    path = Path(file)
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    return f"`{shown}:{number}` `{text[:70]}`"


if __name__ == "__main__":
    main()
