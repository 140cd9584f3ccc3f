"""A small vision transformer for the device, taught by the large one.

What is taken from where: a convolutional stem instead of patches (Xiao et al., "Early Convolutions Help
Transformers See Better", section 4); batch instead of layer normalisation, after every linear map, so that
inference has none left (LeViT, Graham et al., ICCV 2021, section 4.2); a learned query that pools the tokens.
Every half block begins silent: with all five speaking from the start the network hardly learned.
In int8 a layer normalisation would need the mean square of a token in 256 steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.attention import Attention, AttentionPool, PositionEmbedding
from train_keras.models.layers import classification, conv_bn


def vit_student(
    input_size: int = 48,
    channels: int = 1,
    stem: Sequence[int] = (24, 48),
    width: int = 128,
    blocks: int = 5,
    heads: int = 4,
    mlp: int = 2,
    head: int = 256,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network.

    Args:
        input_size: side of the square input in pixels, a multiple of the stem's stride, 8 by default.
        channels: 1 for grey faces, 3 for colour.
        stem: channels of the convolutions before the one that makes the tokens; each halves the side.
        width: channels of a token, a multiple of `heads`.
        blocks: how many.
        heads: of each attention, and queries of the pooling.
        mlp: channels of the middle of a block's second half, as a multiple of the width.
        head: channels of the pooled face, a multiple of `heads`.
        dropout: before the last dense layer, while training.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes].
    Raises:
        ValueError: the stem cannot halve the side so often, or the heads do not fill the width or the head.
    """
    stride = 2 ** (len(stem) + 1)
    if input_size % stride:
        raise ValueError(f"input_size {input_size} is not a multiple of the stem's stride, {stride}")
    for name, value in (("width", width), ("head", head)):
        if value % heads:
            raise ValueError(f"{name} {value} is not a multiple of the heads, {heads}")
    x = inputs = keras.Input((input_size, input_size, channels), name="face")
    for i, filters in enumerate(stem, 1):
        x = conv_bn(x, filters, 3, strides=2, name=f"stem{i}")
    x = conv_bn(x, width, 3, strides=2, relu=False, name="tokens")
    x = PositionEmbedding(name="positions")(x)
    for i in range(1, blocks + 1):
        x = _block(x, heads, mlp, f"block{i}")
    scores = layers.Conv2D(heads, 1, name="pool_scores")(x)
    x = AttentionPool(name="pool")(scores, conv_bn(x, head, 1, name="pool_values"))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, classification(x, classes), name="vit_student")


def _block(x: Any, heads: int, mlp: int, name: str) -> Any:
    width = x.shape[-1]
    y = conv_bn(x, 3 * width, 1, relu=False, name=f"{name}_qkv")
    y = Attention(heads, name=f"{name}_attention")(y)
    y = conv_bn(y, width, 1, relu=False, silent=True, name=f"{name}_attention_out")
    x = layers.Add(name=f"{name}_attention_add")([x, y])
    y = conv_bn(x, mlp * width, 1, name=f"{name}_mlp_in")
    y = conv_bn(y, width, 1, relu=False, silent=True, name=f"{name}_mlp_out")
    return layers.Add(name=f"{name}_mlp_add")([x, y])
