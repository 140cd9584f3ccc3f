"""ResNet18."""

from __future__ import annotations

from typing import Any

from keras import layers

from train_keras.models.layers import conv_bn
from train_keras.models.references.ends import pooled

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))


def resnet18(face: Any, width: float = 1.0) -> Any:
    """Stem and max pooling, then eight residual blocks of two 3x3 convolutions.

    Source: He et al., "Deep Residual Learning for Image Recognition", Table 1, 18 layers, shortcuts of
    option B. That counts 11,189,703 parameters. The slim CNN paper's 11,198,919 are 9,216 more: a bias for
    each of the 20 convolutions (4,800) and a projection (4,416) in the first stage as well; its 0.065 GFLOPs
    fit only if that stage, too, halves the map. Neither belongs to the published network.

    Args:
        face: float [B, S, S, C] in -1…1.
        width: multiplier of every layer's channels.
    Returns:
        Features, float [B, F].
    """
    x = conv_bn(face, int(64 * width), 7, strides=2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, (filters, strides) in enumerate(STAGES, 1):
        x = _residual(x, int(filters * width), strides, f"stage{stage}_block1")
        x = _residual(x, int(filters * width), 1, f"stage{stage}_block2")
    return pooled(x)


def _residual(x: Any, filters: int, strides: int, name: str) -> Any:
    y = conv_bn(x, filters, 3, strides=strides, name=f"{name}_first")
    y = conv_bn(y, filters, 3, relu=False, name=f"{name}_second")
    if strides > 1 or x.shape[-1] != filters:
        x = conv_bn(x, filters, 1, strides=strides, relu=False, name=f"{name}_shortcut")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))
