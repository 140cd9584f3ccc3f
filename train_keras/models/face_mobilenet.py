"""MobileNet-v1 as it was trained to tell faces apart: a teacher's start.

Sources: Howard et al., "MobileNets", 2017, table 1, for the layers; the weights were trained on VGGFace2's
identities with every batch normalisation folded into its convolution, so there is none here either
(`train_keras.face_mobilenet_weights` fills them in).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.layers import classification

# Channels and stride of each separable convolution.
BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1),
    (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
STEM = 32
STEP = 32  # the map is halved five times


def face_mobilenet(
    input_size: int = 96,
    channels: int = 1,
    width: float = 1.0,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network; at its full width and for grey faces 3.21 M parameters.

    Args:
        input_size: side of the square input in pixels, a multiple of 32.
        channels: 1 for grey faces, 3 for BGR.
        width: factor on all filters; pretrained weights fit 1 only.
        dropout: before the last dense layer, while training.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes].
    Raises:
        ValueError: an `input_size` that is no multiple of 32.
    """
    if input_size % STEP or input_size <= 0:
        raise ValueError(f"input_size needs a multiple of {STEP}, got {input_size}")
    inputs = keras.Input((input_size, input_size, channels), name="face")
    x = layers.Conv2D(int(STEM * width), 3, 2, padding="same", name="stem")(inputs)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    for number, (filters, strides) in enumerate(BLOCKS, 1):
        x = _block(x, int(filters * width), strides, f"block{number}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, classification(x, classes), name="face_mobilenet")


def _block(x: Any, filters: int, strides: int, name: str) -> Any:
    x = layers.DepthwiseConv2D(3, strides, padding="same", name=f"{name}_depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(filters, 1, name=f"{name}_pointwise")(x)
    return layers.ReLU(6.0, name=f"{name}_pointwise_relu")(x)
