"""What of a network's outputs a device or a measure needs."""

from __future__ import annotations

import keras


def expression_only(model: keras.Model) -> keras.Model:
    """The network with its probabilities as the only output; as it is where it has no other."""
    outputs = model.output
    return keras.Model(model.input, outputs["expression"]) if isinstance(outputs, dict) else model
