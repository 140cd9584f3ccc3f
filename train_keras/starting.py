"""Takes over the weights of another network, layer by layer."""

from __future__ import annotations

from pathlib import Path

import keras

from edge.errors import ConfigError

STARTS = Path(__file__).parent / "starts"
HEAD = "logits"


def take_over(file: Path, model: keras.Model) -> list[str]:
    """Copy the weights of a saved network into every layer of the same name.

    Args:
        file: a `.keras` file, `~` for the home folder, or the name of one of `train_keras/starts`.
    Returns:
        The layers that begin anew: those the file does not have, and a head for other labels.
    Raises:
        ConfigError: there is no such file, no layer fits, or one has another shape: a start for another size
            or another number of channels.
    """
    named = file.expanduser()
    found = named if named.is_file() else STARTS / file
    if not found.is_file():
        raise ConfigError(f"model.start: {file} is missing: make or train it first")
    known = {layer.name: layer for layer in keras.saving.load_model(found, compile=False).layers}
    weighty = [layer for layer in model.layers if layer.weights]
    fitting = [layer for layer in weighty if layer.name in known and _fits(layer, known[layer.name])]
    if not fitting:
        raise ConfigError(f"model.start: {found} is no such network: no layer fits")
    for layer in weighty:
        if layer.name in known and layer not in fitting and layer.name != HEAD:
            raise ConfigError(
                f"model.start: layer {layer.name} of {found} has another shape: "
                "it was made for another input size, other channels or another width"
            )
    for layer in fitting:
        layer.set_weights(known[layer.name].get_weights())
    return [layer.name for layer in weighty if layer not in fitting]


def _fits(layer: keras.Layer, theirs: keras.Layer) -> bool:
    return [weight.shape for weight in theirs.weights] == [weight.shape for weight in layer.weights]
