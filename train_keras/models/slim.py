"""Slim CNN with represented global context (Putro et al., "A Slim Convolutional Neural Network for
Low-cost Masked Facial Expression Classifier")."""

from __future__ import annotations

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.layers import conv_bn, inverted_residual, represented_global_context

CHANNELS = (16, 24, 32, 64, 96, 160)
PAPER_STRIDES = (1, 2, 1, 2, 2, 2)
WIDE_STRIDES = (1, 2, 1, 2, 1, 1)


def slim(
    input_size: int = 48,
    channels: int = 1,
    rgc: bool = True,
    strides: tuple[int, ...] = PAPER_STRIDES,
    classes: int = len(LABELS),
    dropout: float = 0.0,
    stem_strides: int = 2,
) -> keras.Model:
    x = inputs = keras.Input((input_size, input_size, channels), name="face")
    x = conv_bn(x, 32, 3, strides=stem_strides, name="stem")
    for i, (filters, stride) in enumerate(zip(CHANNELS, strides, strict=True), 1):
        x = inverted_residual(x, filters, expansion=1 if i == 1 else 6, strides=stride, name=f"block{i}")
    if rgc:
        x = represented_global_context(x)
    x = conv_bn(x, 640, 1, name="head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    outputs = layers.Softmax(name="probabilities")(x)
    return keras.Model(inputs, outputs, name="slim_rgc" if rgc else "slim")
