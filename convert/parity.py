"""What one network says of the same faces as Keras and as TFLite in several variants."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import keras
import numpy as np

from convert.running import run_flatbuffer
from convert.variants import Variant
from edge.calibration import soften
from edge.labels import COARSE_INDEX
from edge.types import Floats, Image, coarsen
from train_keras.data.faces import Rows
from train_keras.occlusion.masked import Progress, quiet
from train_keras.predicting import both_sides, probabilities

__all__ = ["parity", "run_flatbuffer"]


def parity(
    model: keras.Model,
    flatbuffers: Mapping[Variant, bytes],
    images: Image,
    classes: Rows,
    abstain_below: float = 0.0,
    progress: Progress = quiet,
    *,
    mirror: bool = False,
    temperature: float = 1.0,
) -> dict[str, dict[str, float]]:
    """Compare Keras, under "keras", and every variant; all in per cent but the difference.

    Args:
        images: uint8 [N, S, S] of the network's side.
        classes: int64 [N], the true labels.
        mirror: ask for the pictures' mirror images too, and take the mean of both answers.
        abstain_below: least coarse probability of an answer that is not marked as abstained.
        temperature: of these faces, beyond what the network's weights hold.
    Returns:
        A variant's `accuracy`, `agreement` with Keras, `largest_difference` of a probability,
        `coarse_accuracy`, `answered` (share of faces not abstained from) and `answered_accuracy` (coarse, of
        those).
    """
    reference = both_sides(partial(probabilities, model, batch_size=512), images, mirror)
    runs = progress(flatbuffers.items(), len(flatbuffers), "asking every variant")
    answers = {name: both_sides(partial(run_flatbuffer, data), images, mirror) for name, data in runs}
    answers = {name: soften(rows, temperature) for name, rows in {"keras": reference, **answers}.items()}
    reference = answers["keras"]
    return {
        name: {
            "accuracy": 100 * float(np.mean(rows.argmax(1) == classes)),
            "agreement": 100 * float(np.mean(rows.argmax(1) == reference.argmax(1))),
            "largest_difference": float(np.abs(rows - reference).max()),
            **_abstention(rows, classes, abstain_below),
        }
        for name, rows in answers.items()
    }


def _abstention(answers: Floats, classes: Rows, threshold: float) -> dict[str, float]:
    coarse = coarsen(answers)
    right = coarse.argmax(1) == np.array(COARSE_INDEX)[classes]
    answered = coarse.max(1) >= threshold
    return {
        "coarse_accuracy": 100 * float(right.mean()),
        "answered": 100 * float(answered.mean()),
        "answered_accuracy": 100 * float(right[answered].mean()) if answered.any() else 0.0,
    }
