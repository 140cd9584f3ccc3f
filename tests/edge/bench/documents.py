"""Results as a clean machine gives them, to be spoiled one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.bench.document import (
    SCHEMA,
    Cold,
    Document,
    Machine,
    Memory,
    Model,
    Pictures,
    Reading,
    Record,
    Result,
)
from edge.bench.stretch import latency_of, timing_of

SECONDS = 60.0
PI = Machine(
    board="Raspberry Pi 4 Model B Rev 1.4",
    cpu="Raspberry Pi 4 Model B Rev 1.4",
    architecture="aarch64",
    cores=4,
    usable_cores=4,
    clock_max_mhz=1800.0,
    governor="ondemand",
    memory_bytes=3_977_629_696,
    kernel="Linux 6.12.47",
)
SLIM = Model(name="slim", version="0.1.0", sha256="ab" * 32, quantisation="int8")


def reading(at: float, **changes: Any) -> Reading:
    """A cool Raspberry Pi 4 at full speed."""
    well = {
        "temperature": 51.0,
        "clock_mhz": 1800.0,
        "load": 0.4,
        "throttled": [],
        "throttled_past": [],
        "fps": 100.0,
    }
    return Reading(at_seconds=at, **{**well, **changes})


def record(during: Sequence[Reading] = (), **changes: Any) -> Record:
    well = {
        "seconds": SECONDS,
        "before": reading(0.0, fps=None),
        "during": list(during) or [reading(float(at)) for at in range(1, 60)],
        "after": reading(SECONDS, fps=None),
        "cpu_seconds": 58.0,
        "other_cpu": 0.01,
        "stolen_cpu": 0.0,
        "energy_joules": {},
        "rss_bytes": Memory(before=90_000_000, after=91_000_000, peak=92_000_000),
    }
    return Record(**{**well, **changes})


def result(durations: Sequence[float], name: str = "classify", **changes: Any) -> Result:
    """Of these seconds a call."""
    well = {
        "kind": "pipeline" if "pipeline" in name else "classify",
        "model": SLIM,
        "model_threads": 1,
        "vision_threads": 3,
        "cold": Cold(load_seconds=0.05, first_call_seconds=0.002),
        "timing": timing_of(durations, sum(durations) * 1.01),
        "stages_seconds": {},
        "record": record(),
        "short": False,
        "clean": True,
        "reasons": [],
        "unknown": [],
    }
    return Result(name=name, **{**well, **changes})


def frames(durations: Sequence[float], name: str = "pipeline, every frame", **changes: Any) -> Result:
    """Of the way of a frame."""
    pictures = Pictures(camera="demo", paced=False, width=640, height=360, faces_per_frame=1.0)
    stages = {"decode": latency_of([0.001, 0.002]), "detect": latency_of([0.008, 0.009])}
    return result(durations, name, pictures=pictures, interval=1, stages_seconds=stages, **changes)


def document(*results: Result, **changes: Any) -> Document:
    well = {
        "schema": SCHEMA,
        "command": "bench",
        "time": "2026-01-01T12:00:00Z",
        "machine": PI,
        "versions": {"mien": "0.1.0", "ai-edge-litert": "2.3.0"},
        "load_before": 0.1,
        "start": None,
        "results": list(results),
        "clean": all(one.clean for one in results),
        "reasons": [],
    }
    return Document(**{**well, **changes})


def calls(median: float, count: int = 2000, seed: int = 0) -> list[float]:
    """Seconds of calls whose pace wanders slowly, as on a machine that warms up and cools down."""
    draws = np.random.default_rng(seed)
    wander = np.cumsum(draws.normal(0, 0.002, count))
    return (median * np.exp(wander - np.median(wander) + draws.normal(0, 0.05, count))).tolist()
