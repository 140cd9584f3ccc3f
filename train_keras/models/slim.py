"""Slim CNN with represented global context.

Source: Putro et al., "A Slim Convolutional Neural Network for Low-cost Masked Facial Expression
Classifier", sections 2.1 to 2.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.layers import (
    ActivationAttention,
    conv_bn,
    inverted_residual,
    represented_global_context,
    scaled,
)

CHANNELS = (16, 24, 32, 64, 96, 160)
STRIDES = (1, 2, 1, 2, 2, 2)
HEAD = 640
PARSED = 3  # the block whose map tells what is covered, a quarter of the face's side in the shipped layouts


def slim(
    input_size: int = 48,
    channels: int = 3,
    rgc: bool = True,
    bounded: bool = False,
    stem_strides: int = 2,
    first_expansion: int = 1,
    strides: Sequence[int] = STRIDES,
    width: float = 1.0,
    dropout: float = 0.0,
    parse: bool = False,
    features: int = 0,
    attention: bool = False,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network; the defaults are the paper's layout.

    Args:
        input_size: side of the square input in pixels.
        channels: 3 as in the paper, 1 for grey faces.
        rgc: with the represented global context module.
        bounded: keep the context's range in bounds, as int8 needs; the paper's equation does not.
        stem_strides: stride of the first convolution; 1 lets it see every pixel of a small face.
        first_expansion: of the first inverted residual; 0 leaves its 1x1 convolution out.
        strides: of the six inverted residuals.
        width: factor on the channels of all of them, in steps of 8; the stem and the head keep theirs.
        dropout: before the dense layer, while training; the paper names none.
        parse: answer too what is covered. Two small heads learn beside the expression, as in the joint
            network (`train_keras.models.joint`); a device leaves them out.
        features, attention: with `parse`, answer too what a teacher of so many pooled features sees, and
            where it looks (`train_keras.matching`); a device leaves both out.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes]. With `parse` its answers are
        named: "expression", those probabilities; "occlusion" [B, h, h, 1], 0 bare to 1 covered, from the
        third block's map; "masked" [B, 1], whether the face is occluded, from the pooled features;
        "features" [B, features]; "attention" [B, h, h, 1], of the map that is pooled.
    Raises:
        ValueError: `strides` does not name six strides, or a teacher is matched without `parse`.
    """
    if (features or attention) and not parse:
        raise ValueError("features and attention are learned beside what is covered: set parse too")
    if len(strides) != len(CHANNELS):
        raise ValueError(f"strides needs {len(CHANNELS)} values, got {list(strides)}")
    x = inputs = keras.Input((input_size, input_size, channels), name="face")
    x = conv_bn(x, 32, 3, strides=stem_strides, name="stem")
    for i, (filters, stride) in enumerate(zip(CHANNELS, strides, strict=True), 1):
        expansion = first_expansion if i == 1 else 6
        filters = scaled(filters, width)
        x = inverted_residual(x, filters, expansion=expansion, strides=stride, name=f"block{i}")
        if i == PARSED:
            seen = x
    if rgc:
        x = represented_global_context(x, bounded=bounded)
    x = last = conv_bn(x, HEAD, 1, name="head")
    x = pooled = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    outputs = layers.Softmax(name="probabilities")(x)
    if parse:
        covered = layers.Conv2D(1, 1, activation="sigmoid", dtype="float32", name="occlusion")(seen)
        masked = layers.Dense(1, activation="sigmoid", dtype="float32", name="masked")(pooled)
        outputs = {"expression": outputs, "occlusion": covered, "masked": masked}
        if features:
            outputs["features"] = layers.Dense(features, dtype="float32", name="features")(pooled)
        if attention:
            outputs["attention"] = ActivationAttention(dtype="float32", name="attention")(last)
    return keras.Model(inputs, outputs, name="slim_rgc" if rgc else "slim")
