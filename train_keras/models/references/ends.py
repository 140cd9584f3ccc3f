"""Both ends of a reference network: the face that goes in, the probabilities that come out."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

SMALLEST = 32


def face_input(input_size: int, channels: int) -> Any:
    """Input [B, S, S, C].

    Raises:
        ValueError: a face too small for five halvings.
    """
    if input_size < SMALLEST:
        raise ValueError(
            f"input_size must be at least {SMALLEST} px, the network halves it five times: got {input_size}"
        )
    return keras.Input((input_size, input_size, channels), name="face")


def classifier(x: Any, classes: int, dropout: float) -> Any:
    """Probabilities [B, classes] of features [B, F]; dropout, if any, before the dense layer."""
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(x)


def scaled(channels: float, divisor: int) -> int:
    """The channels as a multiple of the divisor, at most 10 % below what was asked for.

    Example:
        >>> scaled(18, 4), scaled(10, 8)
        (20, 16)
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor
