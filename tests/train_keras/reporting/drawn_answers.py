"""A small world to report on: drawn answers of named models, their store, and claims about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train_keras import predictions
from train_keras.measures import SCHEMES, Scheme
from train_keras.predictions import Predictions
from train_keras.reporting import store
from train_keras.reporting.store import Measurement

FACES = 120
SHA = "0123456789abcdef" * 4
CLAIMS = """
[[system]]
key = "slim"
title = "Slim <CNN>"
paper = "A & B"
summary = "Small."
models = ["slim*"]

[[system]]
key = "vit"
title = "Transformer"
paper = "C"
summary = "Large."
models = ["vit*"]

[[claim]]
key = "slim.low"
what = "slim"
claimed_on = "Their set"
paper = 20
measured_on = "ours"
comparable = "stand-in"
result = "slim-ferplus-mask-seven"
command = "mien evaluate slim"
form = "full"

[[claim]]
key = "slim.high"
what = "slim | again"
claimed_on = "Their set"
paper = 99.5
metric = "f1"
measured_on = "ours"
comparable = "same"
result = "slim-ferplus-mask-seven"
command = "mien evaluate slim"
form = "reduced: 3 epochs instead of 50"
reason = "Three epochs are few."

[[claim]]
key = "slim.speed"
what = "slim, speed"
claimed_on = "Their machine"
paper = 203.73
unit = "frames/s"
metric = "value"
measured_on = "ours"
comparable = "stand-in"
result = "speed-slim"
command = "mien bench"

[[claim]]
key = "vit.five"
what = "ViT"
claimed_on = "Their set"
paper = 81
measured_on = "ours"
comparable = "stand-in"
result = "vit-ferplus-mask-five"
command = "mien evaluate runs/vit"

[[claim]]
key = "vit.elsewhere"
what = "ViT"
claimed_on = "A set nobody has"
paper = 12.34
comparable = "none"
command = "mien evaluate runs/vit --set nobody"
reason = "Nobody has it."
"""


def draw(model: str, occlusion: str = "mask", scheme: Scheme = "seven", seed: int = 0) -> Predictions:
    """Answers that lean towards the truth; the truth is the same for all models."""
    classes = len(SCHEMES[scheme])
    truth = np.random.default_rng(9).integers(0, classes, FACES)
    scores = np.random.default_rng(seed).gamma(0.4, size=(FACES, classes)) + 0.3 * np.eye(classes)[truth]
    probabilities = (scores / scores.sum(1, keepdims=True)).astype(np.float32)
    return Predictions(model, "ferplus", occlusion, np.arange(FACES), probabilities, truth)


def measured(answers: Predictions) -> Measurement:
    return store.measure(
        answers, command=f"mien evaluate {answers.model}", commit="abc1234", weights_sha256=SHA
    )


@dataclass(frozen=True)
class World:
    """Folders and files as `report` takes them."""

    results: Path
    claims: Path
    predictions: Path
    sheets: Path

    def add(self, answers: Predictions) -> Measurement:
        predictions.save(answers, self.predictions)
        record = measured(answers)
        store.save(record, self.results)
        return record
