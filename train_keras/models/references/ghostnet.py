"""GhostNet."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import layers

from train_keras.models.layers import conv_bn, depthwise_bn
from train_keras.models.references.ends import pooled, scaled


class Bottleneck(NamedTuple):
    """A row of the publication's Table 1."""

    kernel: int
    expansion: int
    filters: int
    excitation: bool = False
    strides: int = 1


BOTTLENECKS = (
    Bottleneck(3, 16, 16),
    Bottleneck(3, 48, 24, strides=2),
    Bottleneck(3, 72, 24),
    Bottleneck(5, 72, 40, excitation=True, strides=2),
    Bottleneck(5, 120, 40, excitation=True),
    Bottleneck(3, 240, 80, strides=2),
    Bottleneck(3, 200, 80),
    Bottleneck(3, 184, 80),
    Bottleneck(3, 184, 80),
    Bottleneck(3, 480, 112, excitation=True),
    Bottleneck(3, 672, 112, excitation=True),
    Bottleneck(5, 672, 160, excitation=True, strides=2),
    Bottleneck(5, 960, 160),
    Bottleneck(5, 960, 160, excitation=True),
    Bottleneck(5, 960, 160),
    Bottleneck(5, 960, 160, excitation=True),
)


def ghostnet(face: Any, width: float = 1.0) -> Any:
    """Every layer computes half of its maps by a 1x1 convolution, the rest from those, depthwise.

    Source: Han et al., "GhostNet: More Features from Cheap Operations", Table 1 and Figures 2 and 3; kernel
    sizes and the squeeze to a quarter are those of the authors' code. That counts 3,932,443 parameters; the
    slim CNN paper's 3,918,680 are 0.4 % fewer, of a variant that it does not describe.

    Args:
        face: float [B, S, S, C] in -1…1.
        width: multiplier of the channels, rounded to a multiple of 4; the 1280 features stay.
    Returns:
        Features, float [B, F].
    """
    x = conv_bn(face, scaled(16 * width, 4), 3, strides=2, name="stem")
    for i, row in enumerate(BOTTLENECKS, 1):
        row = row._replace(expansion=scaled(row.expansion * width, 4), filters=scaled(row.filters * width, 4))
        x = _bottleneck(x, row, f"block{i}")
    x = conv_bn(x, scaled(960 * width, 4), 1, name="head")
    return layers.Dense(1280, activation="relu", name="features")(pooled(x))


def _bottleneck(x: Any, row: Bottleneck, name: str) -> Any:
    y = _ghost(x, row.expansion, name=f"{name}_expand")
    if row.strides > 1:
        y = depthwise_bn(y, row.kernel, row.strides, name=f"{name}_depthwise")
    if row.excitation:
        y = _excite(y, name)
    y = _ghost(y, row.filters, relu=False, name=f"{name}_project")
    if row.strides > 1 or x.shape[-1] != row.filters:
        x = depthwise_bn(x, row.kernel, row.strides, name=f"{name}_shortcut_depthwise")
        x = conv_bn(x, row.filters, 1, relu=False, name=f"{name}_shortcut")
    return layers.Add(name=f"{name}_add")([x, y])


def _ghost(x: Any, filters: int, *, relu: bool = True, name: str) -> Any:
    intrinsic = conv_bn(x, filters // 2, 1, relu=relu, name=name)
    ghosts = depthwise_bn(intrinsic, 3, 1, name=f"{name}_cheap")
    if relu:
        ghosts = layers.ReLU(name=f"{name}_cheap_relu")(ghosts)
    return layers.Concatenate(name=f"{name}_join")([intrinsic, ghosts])


def _excite(x: Any, name: str) -> Any:
    channels = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    gate = layers.Conv2D(scaled(channels / 4, 4), 1, activation="relu", name=f"{name}_squeeze_conv")(gate)
    gate = layers.Conv2D(channels, 1, activation="hard_sigmoid", name=f"{name}_excite_conv")(gate)
    return layers.Multiply(name=f"{name}_excite")([x, gate])
