"""The moving average of the weights over the last steps, watched and kept where a recipe asks for it.

Source: Polyak and Juditsky 1992, section 2, with the exponential weights that Keras's optimisers keep.
Statistics of batch normalisations are moving averages already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def averaged(model: keras.Model) -> Iterator[keras.Model]:
    """The model with the averaged weights, for as long as somebody looks; as it is where none is kept."""
    if not model.optimizer.use_ema:
        yield model
        return
    trained = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    take_average(model)
    try:
        yield model
    finally:
        for weight, value in zip(model.trainable_variables, trained, strict=True):
            weight.assign(value)


def take_average(model: keras.Model) -> None:
    """Replace the weights by their average, which stays what it is; nothing where nothing is averaged."""
    if model.optimizer.use_ema:
        model.optimizer.finalize_variable_values(model.trainable_variables)
