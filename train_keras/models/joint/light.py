"""The joint network for a device: the same three modules, small, from grey faces of 48 to 96 px."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.joint.blocks import conv3
from train_keras.models.joint.effm import effm
from train_keras.models.joint.fopm import Parsed, enlarged, heads, outputs
from train_keras.models.layers import classification, conv_bn, inverted_residual

FEATURES, FUSED, HEAD = 64, 64, 512


def joint_light(
    input_size: int = 48,
    channels: int = 1,
    stem_strides: int = 1,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network; the defaults are 0.85 M parameters and 0.083 GFLOPs.

    Apart from widths it differs from `joint` in this: inverted residuals in place of plain convolutions and,
    elsewhere, depthwise-separable ones; one U-Net for both the occlusion map and the landmarks.

    Args:
        input_size: side S of the square input in pixels, a multiple of 16 times `stem_strides`.
        channels: 1 for grey faces, 3 for colour.
        stem_strides: of the first convolution; 2 makes a face of 96 px cost what one of 48 px does.
        dropout: before the dense layer, while training.
        classes: number of labels.
    Returns:
        A model as `joint` gives, with maps of h = S / 4 / `stem_strides` cells a side.
    Raises:
        ValueError: an `input_size` or `stem_strides` that does not fit.
    """
    if stem_strides not in (1, 2):
        raise ValueError(f"stem_strides needs 1 or 2, got {stem_strides}")
    if input_size <= 0 or input_size % (16 * stem_strides):
        raise ValueError(f"input_size needs a multiple of {16 * stem_strides}, got {input_size}")
    inputs = keras.Input((input_size, input_size, channels), name="face")
    features = _trunk(inputs, stem_strides)
    maps = _unet(features)
    parsed = Parsed(features, *heads(maps, maps))
    x = effm(parsed, filters=FUSED, prior=64, attention=32, light=True)
    x = layers.GlobalAveragePooling2D(name="ferm_pool")(_recognise(x))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, outputs(parsed, classification(x, classes)), name="joint_light")


def _trunk(x: Any, stem_strides: int) -> Any:
    x = conv_bn(x, 24, 3, strides=stem_strides, name="fopm_stem")
    x = inverted_residual(x, 16, expansion=0, strides=2, name="fopm_block1")
    x = inverted_residual(x, 32, expansion=6, strides=2, name="fopm_block2")
    x = inverted_residual(x, 32, expansion=6, strides=1, name="fopm_block3")
    return conv_bn(x, FEATURES, 1, name="fopm_features")


def _unet(fine: Any) -> Any:
    middle = conv3(fine, 96, strides=2, light=True, name="fopm_down2")
    coarse = conv3(middle, 128, strides=2, light=True, name="fopm_down3")
    middle = conv3(enlarged(coarse, middle, "fopm_up2"), 96, light=True, name="fopm_up2")
    return conv3(enlarged(middle, fine, "fopm_up1"), 64, light=True, name="fopm_up1")


def _recognise(x: Any) -> Any:
    x = encoded = inverted_residual(x, 96, expansion=6, strides=2, name="ferm_encoder")
    for number in range(1, 4):
        x = inverted_residual(x, 96, expansion=4, strides=1, name=f"ferm_block{number}")
    x = layers.Concatenate(name="ferm_join")([encoded, x])
    x = conv_bn(x, 128, 1, name="ferm_conv1")
    x = inverted_residual(x, 128, expansion=6, strides=1, name="ferm_conv2")
    return conv_bn(x, HEAD, 1, name="ferm_conv3")
