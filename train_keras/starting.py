"""Takes over the weights of another network, layer by layer."""

from __future__ import annotations

from pathlib import Path

import keras

from edge.errors import ConfigError

STARTS = Path(__file__).parent / "starts"


def take_over(file: Path, model: keras.Model) -> list[str]:
    """Copy the weights of a saved network into every layer of the same name and shapes.

    Args:
        file: a `.keras` file, or the name of one of `train_keras/starts`.
    Returns:
        The layers that begin anew: a head for other labels, as a rule.
    Raises:
        ConfigError: there is no such file, or no layer fits.
    """
    found = file if file.is_file() else STARTS / file
    if not found.is_file():
        raise ConfigError(f"model.start: {file} is missing: make or train it first")
    known = {layer.name: layer for layer in keras.saving.load_model(found, compile=False).layers}
    fresh, taken = [], 0
    for layer in model.layers:
        if not layer.weights:
            continue
        theirs = known.get(layer.name)
        if theirs is not None and [w.shape for w in theirs.weights] == [w.shape for w in layer.weights]:
            layer.set_weights(theirs.get_weights())
            taken += 1
        else:
            fresh.append(layer.name)
    if not taken:
        raise ConfigError(f"model.start: {found} is no such network: no layer fits")
    return fresh
