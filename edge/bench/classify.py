"""The expression model alone: one face after another."""

from __future__ import annotations

import itertools
import random

import numpy as np

from edge.bench.context import Context
from edge.bench.document import Cold, Result
from edge.bench.stretch import CALL, stretch
from edge.bench.subjects import load_classifier, model_of, timed

CROPS = 64  # of noise: what a network of convolutions takes does not depend on what it sees
SEED = 0
NAME = "classify"


def measure_classify(context: Context, name: str = NAME) -> Result:
    """Time the classifier, the next face when the last is read.

    Raises:
        MienError: the model cannot be loaded.
    """
    config = context.settings.model
    classifier, load = load_classifier(config)
    side = classifier.size
    # Without numpy.random: an interrupt during its first import is lost.
    noise = random.Random(SEED).randbytes(CROPS * side * side)
    crops = np.frombuffer(noise, np.uint8).reshape(CROPS, 1, side, side)
    _, first = timed(lambda: classifier.classify(crops[0]))
    turns = itertools.cycle(crops)
    measured = stretch(
        name,
        lambda: {CALL: timed(lambda: classifier.classify(next(turns)))[1]},
        context.plan,
        context.report,
    )
    return Result(
        name=name,
        kind="classify",
        model=model_of(classifier.bundle),
        model_threads=config.threads,
        cold=Cold(load_seconds=load, first_call_seconds=first),
        **context.outcome(measured),
    )
