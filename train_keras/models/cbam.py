"""A CNN with convolutional block attention.

Source: the occlusion paper (004): CBAM between convolution layers, ELU, dropout 0.2, 128 px input, seven
classes. CBAM itself: Woo et al. 2018; channel attention is the paper's equation 1, spatial attention its
equation 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from edge.labels import LABELS
from train_keras.models.layers import classification, conv_bn

WIDTHS = (32, 64, 128, 256)
REDUCTION = 8
SPATIAL_KERNEL = 7
# LiteRT 2.3 corrupts memory with int8 networks whose gates have two hidden units; four and more are sound.
LEAST_HIDDEN = 4


def cbam(
    input_size: int = 128,
    channels: int = 3,
    widths: Sequence[int] = WIDTHS,
    attention: bool = True,
    dropout: float = 0.2,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network.

    The paper names neither depth nor widths. Here a strided convolution halves the picture, then each stage
    is convolution, attention, convolution, pooling and dropout, 32 to 256 channels wide.

    Args:
        input_size: side of the square input in pixels, a multiple of 2 for the first convolution and of 2 for
            every stage.
        channels: 3 as in the paper, 1 for grey faces.
        widths: channels of the stages.
        attention: with CBAM; without it, the paper's ablation.
        dropout: after every stage.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes]. The maps that attention lets
        through carry names ending in `_spatial`, float [B, H, W, 1].
    Raises:
        ValueError: there is no stage, or the input does not halve often enough.
    """
    halvings = 2 ** (len(widths) + 1)
    if not widths or input_size % halvings or input_size < halvings:
        raise ValueError(
            f"input_size must be a multiple of {halvings} for {len(widths)} stages, got {input_size}"
        )
    x = inputs = keras.Input((input_size, input_size, channels), name="face")
    x = _convolution(x, widths[0], "stem", strides=2)
    for number, width in enumerate(widths, 1):
        name = f"stage{number}"
        x = _convolution(x, width, f"{name}a")
        if attention:
            x = spatial_attention(channel_attention(x, f"{name}_channel"), f"{name}_spatial")
        x = _convolution(x, width, f"{name}b")
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classification(x, classes), name="cbam" if attention else "cbam_plain")


def channel_attention(x: Any, name: str, reduction: int = REDUCTION) -> Any:
    """Equation 1: the map times sigmoid(MLP(average over places) + MLP(maximum over places)).

    Args:
        x: float map [B, H, W, C].
        reduction: C over the units of the MLP's hidden layer.
    Returns:
        A map of the same shape.
    """
    channels = x.shape[-1]
    hidden = layers.Conv2D(
        max(channels // reduction, LEAST_HIDDEN), 1, activation="relu", name=f"{name}_hidden"
    )
    out = layers.Conv2D(channels, 1, name=f"{name}_out")
    average = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_average")(x)
    maximum = layers.GlobalMaxPooling2D(keepdims=True, name=f"{name}_maximum")(x)
    both = layers.Add(name=f"{name}_sum")([out(hidden(average)), out(hidden(maximum))])
    return layers.Multiply(name=f"{name}_scaled")([x, layers.Activation("sigmoid", name=name)(both)])


def spatial_attention(x: Any, name: str, kernel: int = SPATIAL_KERNEL) -> Any:
    """Equation 2: the map times sigmoid(7x7 convolution of average and maximum over channels).

    Args:
        x: float map [B, H, W, C].
    Returns:
        A map of the same shape.
    """
    average = ops.mean(x, axis=-1, keepdims=True)
    maximum = ops.max(x, axis=-1, keepdims=True)
    # One convolution of both side by side would be the same sum. But a full-integer concatenation and a
    # maximum each have one scale for what goes in and out, so that x itself would be cut to the two maps'
    # range: ten points of accuracy.
    of_average = layers.Conv2D(1, kernel, padding="same", use_bias=False, name=f"{name}_average")(average)
    of_maximum = layers.Conv2D(1, kernel, padding="same", name=f"{name}_maximum")(maximum)
    both = layers.Add(name=f"{name}_sum")([of_average, of_maximum])
    return layers.Multiply(name=f"{name}_scaled")([x, layers.Activation("sigmoid", name=name)(both)])


def _convolution(x: Any, width: int, name: str, strides: int = 1) -> Any:
    x = conv_bn(x, width, 3, strides=strides, relu=False, name=name)
    return layers.Activation("elu", name=f"{name}_elu")(x)
