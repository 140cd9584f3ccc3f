"""What all reference networks share: the face that goes in, the probabilities that come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.layers import classification

SMALLEST = 32


def reference(
    features: Callable[..., Any],
    input_size: int = 48,
    channels: int = 3,
    classes: int = len(LABELS),
    dropout: float = 0.0,
    **options: Any,
) -> keras.Model:
    """Build a reference network.

    Args:
        features: makes pooled features [B, F] of a face [B, S, S, C]; its name becomes the network's.
        input_size: side of the square input in pixels, 32 or more.
        channels: 3 as in the slim CNN paper, 1 for grey faces.
        classes: number of labels.
        dropout: before the dense layer, while training.
        options: what `features` takes besides: `width`, a multiplier of its channels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes].
    Raises:
        ValueError: the input is too small for five halvings, or `features` refuses its options.
    """
    if input_size < SMALLEST:
        raise ValueError(
            f"input_size must be at least {SMALLEST} px, the network halves it five times: got {input_size}"
        )
    face = keras.Input((input_size, input_size, channels), name="face")
    x = features(face, **options)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(face, classification(x, classes), name=features.__name__)


def pooled(x: Any) -> Any:
    """Features [B, C] of a map [B, H, W, C]."""
    return layers.GlobalAveragePooling2D(name="pool")(x)


def scaled(channels: float, divisor: int) -> int:
    """The channels as a multiple of the divisor, at most 10 % below what was asked for.

    Example:
        >>> scaled(18, 4), scaled(10, 8)
        (20, 16)
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor
