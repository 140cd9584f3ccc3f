"""The whole way of a frame for every combination of model, threads, detector size and interval."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edge.bench.context import Context
from edge.bench.document import Result
from edge.bench.pipeline import measure_way
from edge.cameras import is_recording
from edge.errors import ConfigError
from edge.settings import Settings
from edge.store.choosing import find_model, model_names, open_store
from edge.watching import set_vision_threads

SIZES = (160, 240, 320, 480)
INTERVALS = (1, 4, 12)
MOST_THREADS = 4
KEEP = 200  # samples for each
SEED = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """What to combine.

    Attributes:
        models: names or folders.
        threads: of OpenCV and the expression model's runtime.
        sizes: of the detector's picture, pixels of the longest side.
        intervals: frames between looks at the whole picture.
    """

    models: Sequence[str]
    threads: Sequence[int]
    sizes: Sequence[int] = SIZES
    intervals: Sequence[int] = INTERVALS

    def __len__(self) -> int:
        return len(self.models) * len(self.threads) * len(self.sizes) * len(self.intervals)

    def __iter__(self) -> Iterator[tuple[str, int, int, int]]:
        return itertools.product(self.models, self.threads, self.sizes, self.intervals)


def measure_sweep(context: Context, grid: Grid) -> list[Result]:
    """Time every combination on the recording, as fast as it goes.

    In an order drawn by lot, always the same: a machine that gets warmer would else put the last at a
    disadvantage. The results come in the grid's order.

    Raises:
        MienError: a model, the detector or the recording cannot be used.
    """
    cells = list(enumerate(grid))
    random.Random(SEED).shuffle(cells)
    found: dict[int, Result] = {}
    for number, (model, threads, size, interval) in cells:
        chosen = context.settings.model_copy(
            update={
                "model": context.settings.model.model_copy(update={"name": model, "threads": threads}),
                "detector": context.settings.detector.model_copy(
                    update={"threads": threads, "longest_side": size}
                ),
            }
        )
        plan = replace(context.plan, keep=KEEP)
        cell = replace(context, settings=chosen, plan=plan, vision_threads=set_vision_threads(threads))
        found[number] = measure_way(cell, cell_name(model, threads, size, interval), interval, realtime=False)
    return [found[number] for number in sorted(found)]


def chosen_models(settings: Settings, names: str | None) -> list[str]:
    """The models to sweep over: those named, with commas between them, or all there are.

    Raises:
        ConfigError: the camera is no recording, or two models would be called the same.
        ModelMissingError: one is missing.
    """
    if not is_recording(settings.camera.source):
        raise ConfigError("a sweep needs frames that are always the same: give --camera demo or a recording")
    store = open_store(settings.model)
    models = model_names(store) if names is None else list(dict.fromkeys(filter(None, names.split(","))))
    for name in models:
        find_model(name, store)  # one that is missing should be known before the others are measured
    if not models or len({short_name(name) for name in models}) < len(models):
        raise ConfigError("--models takes names with commas between them, each another: mien models list")
    return models


def some_threads() -> range:
    """From one to as many as there are cores for, four at most."""
    return range(1, min(MOST_THREADS, len(os.sched_getaffinity(0))) + 1)


def short_name(model: str) -> str:
    """A model's name, or the last part of its path.

    >>> short_name("models/slim/"), short_name("slim@0.1.0")
    ('slim', 'slim@0.1.0')
    """
    return model.rstrip("/").rpartition("/")[2]


def cell_name(model: str, threads: int, size: int, interval: int) -> str:
    """What a combination is called.

    >>> cell_name("models/slim", 2, 320, 12)
    'slim, 2 threads, 320 px, every 12'
    """
    return f"{short_name(model)}, {threads} thread{'s' if threads > 1 else ''}, {size} px, every {interval}"
