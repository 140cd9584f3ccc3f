"""The one loop that times: a warm-up, then a steady state that is long enough."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.bench.document import Latency, Record, Timing
from edge.bench.recorder import Recorder
from edge.health.vitals import ROOT

FULL_SECONDS, FULL_CALLS = 60.0, 1024  # below either a run is a short one
QUICK_SECONDS, FEWEST_CALLS = 3.0, 100  # fewer calls say nothing about a 99th percentile
WARM_UP = 0.1  # of the time to measure
SAMPLES = 2000  # that stay in the results
REPORT = 0.1  # seconds between two reports
CALL = "call"

Step = Callable[[], Mapping[str, float]]  # does one call: seconds it took as CALL, and those of its stages
Report = Callable[[str, float], None]  # what is measured, and which share of it is done


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure: for so many seconds and so many calls, whichever is later.

    Attributes:
        keep: samples that stay in the results, at most.
        root: of the file system with /proc and /sys.
    """

    seconds: float = FULL_SECONDS
    calls: int = FULL_CALLS
    keep: int = SAMPLES
    root: Path = ROOT


@dataclass(frozen=True, slots=True)
class Measured:
    """The steady state."""

    timing: Timing
    record: Record
    stages: dict[str, Latency] = field(default_factory=dict)

    @property
    def short(self) -> bool:
        return self.record.seconds < FULL_SECONDS or self.timing.calls < FULL_CALLS


def stretch(name: str, step: Step, plan: Plan, report: Report) -> Measured:
    """Time one call after another; the next begins when the last is done.

    Raises what `step` raises.
    """
    begin = time.perf_counter()
    while time.perf_counter() < begin + WARM_UP * plan.seconds:
        step()
    columns: dict[str, array[float]] = defaultdict(lambda: array("f"))  # half of doubles; exact to 1e-7
    recorder = Recorder(plan.seconds, plan.root)
    begin = reported = time.perf_counter()
    calls = 0
    while (now := time.perf_counter()) < begin + plan.seconds or calls < plan.calls:
        recorder.tick(now, calls)
        if now - reported >= REPORT:
            report(name, min((now - begin) / max(plan.seconds, REPORT), calls / plan.calls, 1.0))
            reported = now
        for stage, seconds in step().items():
            columns[stage].append(seconds)
        calls += 1
    record = recorder.stop()
    report(name, 1.0)
    durations = columns.pop(CALL)
    stages = {stage: latency_of(seconds) for stage, seconds in columns.items()}
    return Measured(timing_of(durations, record.seconds, plan.keep), record, stages)


def timing_of(durations: Sequence[float], elapsed: float, keep: int = SAMPLES) -> Timing:
    """What calls took, in seconds, and `elapsed` from the first to the last."""
    seconds = np.asarray(durations, np.float64)
    chosen = np.unique(np.linspace(0, len(seconds) - 1, min(keep, len(seconds))).round().astype(int))
    return Timing(
        calls=len(seconds),
        fps=len(seconds) / float(seconds.sum()),
        achieved_fps=len(seconds) / elapsed,
        latency_seconds=latency_of(seconds),
        samples_seconds=[float(f"{value:.6g}") for value in seconds[chosen]],
    )


def latency_of(durations: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Latency:
    """Percentiles of seconds.

    >>> latency_of([0.25, 0.5, 0.75]).p50
    0.5
    """
    p50, p90, p99 = (float(value) for value in np.percentile(durations, (50, 90, 99)))
    return Latency(p50=p50, p90=p90, p99=p99, max=float(np.max(durations)))
