"""ShuffleNet V1 and V2."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from train_keras.models.layers import BatchNorm, conv_bn, depthwise_bn
from train_keras.models.references.ends import pooled

UNITS = (4, 8, 4)
# Channels of the first stage by groups; each further stage has twice as many.
GROUPED = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
# Channels of the three stages and of the last convolution by width.
SPLIT = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}


def shufflenet_v1(face: Any, groups: int = 1, width: float = 1.0) -> Any:
    """ShuffleNet: grouped 1x1 convolutions with their channels shuffled between them.

    Source: Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
    Devices", Table 1 and Figure 2. The slim CNN paper's 973,567 parameters fit one group, where nothing is
    shuffled, and no batch normalisation after the first convolution; here its 96 parameters are added.
    Three groups, the original's usual choice, count 935,935. Training with groups is slow on a CPU, where
    TensorFlow has no kernel for their gradient and compiles one.

    Args:
        face: float [B, S, S, C] in -1…1.
        groups: of the 1x1 convolutions: 1, 2, 3, 4 or 8, which also sets the channels.
        width: multiplier of every layer's channels.
    Returns:
        Features, float [B, F].
    Raises:
        ValueError: the channels do not divide into the groups.
    """
    if groups not in GROUPED:
        raise ValueError(f"groups must be one of {', '.join(map(str, GROUPED))}, got {groups}")
    stem, first = int(24 * width), int(GROUPED[groups] * width)
    if first % (4 * groups) or stem % groups:
        raise ValueError(f"width {width} leaves {stem} and {first} channels: no {groups} groups in them")
    x = conv_bn(face, stem, 3, strides=2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, units in enumerate(UNITS):
        for unit in range(units):
            # The first 1x1 convolution has too few channels to be cut into groups.
            reduce_groups = 1 if stage == unit == 0 else groups
            name = f"stage{stage + 2}_unit{unit + 1}"
            x = _grouped_unit(x, first * 2**stage, 1 if unit else 2, reduce_groups, groups, name)
    return pooled(x)


def shufflenet_v2(face: Any, width: float = 1.0) -> Any:
    """ShuffleNetV2: half of the channels pass a unit untouched, then both halves are shuffled.

    Source: Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", Table 5
    and Figure 3. That counts 1,276,959 parameters at width 1. The slim CNN paper's 4,025,915 belong to units
    whose worked half keeps the stage's full channels instead of half of them, with biases and without batch
    normalisation after the first and the last convolution: not the published network.

    Args:
        face: float [B, S, S, C] in -1…1.
        width: 0.5, 1, 1.5 or 2, the published ones.
    Returns:
        Features, float [B, F].
    Raises:
        ValueError: there is no such width.
    """
    if width not in SPLIT:
        raise ValueError(f"width must be one of {', '.join(map(str, SPLIT))}, got {width}")
    *stages, last = SPLIT[width]
    x = conv_bn(face, 24, 3, strides=2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, (filters, units) in enumerate(zip(stages, UNITS, strict=True), 2):
        x = _halving_unit(x, filters, f"stage{stage}_unit1")
        for unit in range(2, units + 1):
            x = _split_unit(x, f"stage{stage}_unit{unit}")
    x = conv_bn(x, last, 1, name="head")
    return pooled(x)


def _grouped_unit(x: Any, filters: int, strides: int, reduce_groups: int, groups: int, name: str) -> Any:
    """V1's unit: with stride 1 the input is added, with stride 2 its average is put beside."""
    added = filters if strides == 1 else filters - x.shape[-1]
    y = _grouped_bn(x, filters // 4, reduce_groups, f"{name}_reduce")
    y = layers.ReLU(name=f"{name}_relu")(y)
    y = _shuffle(y, groups, name)
    y = depthwise_bn(y, strides=strides, name=f"{name}_depthwise")
    y = _grouped_bn(y, added, groups, f"{name}_restore")
    if strides == 1:
        y = layers.Add(name=f"{name}_add")([x, y])
    else:
        x = layers.AveragePooling2D(3, 2, padding="same", name=f"{name}_average")(x)
        y = layers.Concatenate(name=f"{name}_join")([x, y])
    return layers.ReLU(name=f"{name}_out")(y)


def _split_unit(x: Any, name: str) -> Any:
    """V2's unit of stride 1."""
    half = x.shape[-1] // 2
    untouched, y = ops.split(x, 2, axis=-1)
    y = _worked(y, half, 1, name)
    return _shuffle(layers.Concatenate(name=f"{name}_join")([untouched, y]), 2, name)


def _halving_unit(x: Any, filters: int, name: str) -> Any:
    """V2's unit of stride 2: both branches see every channel."""
    y = _worked(x, filters // 2, 2, name)
    x = depthwise_bn(x, strides=2, name=f"{name}_other_depthwise")
    x = conv_bn(x, filters // 2, 1, name=f"{name}_other")
    return _shuffle(layers.Concatenate(name=f"{name}_join")([x, y]), 2, name)


def _worked(x: Any, filters: int, strides: int, name: str) -> Any:
    x = conv_bn(x, filters, 1, name=f"{name}_before")
    x = depthwise_bn(x, strides=strides, name=f"{name}_depthwise")
    return conv_bn(x, filters, 1, name=f"{name}_after")


def _shuffle(x: Any, groups: int, name: str) -> Any:
    """Deal the channels out, so that each group of the next convolution holds some of every group."""
    if groups == 1:
        return x
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels // groups), name=f"{name}_groups")(x)
    x = layers.Permute((1, 2, 4, 3), name=f"{name}_shuffle")(x)
    return layers.Reshape((height, width, channels), name=f"{name}_shuffled")(x)


def _grouped_bn(x: Any, filters: int, groups: int, name: str) -> Any:
    x = layers.Conv2D(
        filters, 1, groups=groups, use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    return BatchNorm(name=f"{name}_bn")(x)
