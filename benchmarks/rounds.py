"""Several things measured in turns, round after round: none has the quiet minute to itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.bench.document import Record
from edge.bench.recorder import Recorder
from edge.bench.stretch import Report
from edge.health.vitals import ROOT

FEWEST_CALLS = 3  # in a turn, however slow
WARM_UP = 0.1  # of a turn's time; the others' data fill the caches when it begins
SEED = 0

Turn = Callable[[float], Sequence[float]]  # works for so many seconds; tells the seconds that each call took


@dataclass(frozen=True, slots=True)
class Rounds:
    """Medians in seconds, one a round, by name, and how the machine fared meanwhile."""

    medians: Mapping[str, Sequence[float]]
    record: Record

    def seconds(self, name: str) -> float:
        """The median of the rounds' medians."""
        return float(np.median(self.medians[name]))

    def fps(self, name: str) -> float:
        """Calls a second at that median."""
        return 1 / self.seconds(name)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long one takes as another: the median of all rounds, the least and the greatest."""

    median: float
    low: float
    high: float


def take_turns(
    turns: Mapping[str, Turn], rounds: int, seconds: float, report: Report, root: Path = ROOT
) -> Rounds:
    """Let each work for so many seconds in every round, in an order drawn anew for each round.

    Args:
        turns: by name.
        report: hears of progress; a round counts as one measurement.
        root: of the file system with /proc and /sys.
    Raises what a turn raises.
    """
    medians: dict[str, list[float]] = {name: [] for name in turns}
    lots = random.Random(SEED)  # always the same lots: a run can be repeated
    recorder = Recorder(rounds * seconds * len(turns), root)
    calls = 0
    for number in range(1, rounds + 1):
        order = list(turns)
        lots.shuffle(order)
        for place, name in enumerate(order):
            report(f"round {number} of {rounds}", place / len(order))
            took = turns[name](seconds)
            medians[name].append(float(np.median(took)))
            calls += len(took)
            recorder.tick(time.perf_counter(), calls)
        report(f"round {number} of {rounds}", 1.0)
    return Rounds(medians, recorder.stop())


def turn_of(step: Callable[[], object]) -> Turn:
    """A turn that calls `step` over and over."""

    def turn(seconds: float) -> list[float]:
        begin = time.perf_counter()
        while True:
            step()
            if time.perf_counter() >= begin + WARM_UP * seconds:
                break
        took: list[float] = []
        begin = before = time.perf_counter()
        while before < begin + seconds or len(took) < FEWEST_CALLS:
            step()
            now = time.perf_counter()
            took.append(now - before)
            before = now
        return took

    return turn


def ratio(rounds: Rounds, slow: str, fast: str) -> Ratio:
    """How many times as long `slow` takes as `fast`, each round compared with itself.

    Raises:
        KeyError: one of them was not measured.
    """
    each = np.divide(rounds.medians[slow], rounds.medians[fast])
    return Ratio(float(np.median(each)), float(each.min()), float(each.max()))
