"""Vision transformer, ViT-S/14 as DINOv2 lays it out.

Sources: Dosovitskiy et al., "An Image Is Worth 16x16 Words", section 3.1, fine-tuned for masked faces as
Maghari and Telban do ("Facial emotion recognition under face mask occlusion using vision transformer", with a
larger one); Oquab et al., "DINOv2", appendix B, for the layout: patches of 14 px, LayerScale, no registers.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from edge.labels import LABELS
from train_keras.models.activations import Gelu
from train_keras.models.attention import Attention, ClassToken, LayerScale, PositionEmbedding
from train_keras.models.layers import classification

EPSILON = 1e-6


def vit(
    input_size: int = 112,
    channels: int = 1,
    patch: int = 14,
    width: int = 384,
    blocks: int = 12,
    heads: int = 6,
    mlp: int = 4,
    layer_scale: bool = True,
    drop_path: float = 0.0,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network; the defaults are ViT-S/14 on 8 x 8 patches of a grey face.

    The head reads the class token beside the mean of the patches' tokens, as DINOv2's linear probes do.

    Args:
        input_size: side of the square input in pixels, a multiple of `patch`.
        channels: 1 for grey faces, 3 for colour.
        patch: side of a patch in pixels.
        width: channels of a token, a multiple of `heads`.
        blocks: how many.
        heads: of each attention.
        mlp: channels of the middle of a block's second half, as a multiple of the width.
        layer_scale: with LayerScale.
        drop_path: probability that a picture passes a half block by, while training (stochastic depth).
        dropout: before the last dense layer, while training.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes].
    Raises:
        ValueError: the patches do not fill the picture, or the heads the width.
    """
    if input_size % patch:
        raise ValueError(f"input_size {input_size} is not a multiple of the patch, {patch}")
    if width % heads:
        raise ValueError(f"width {width} is not a multiple of the heads, {heads}")
    side = input_size // patch
    inputs = keras.Input((input_size, input_size, channels), name="face")
    x = layers.Conv2D(width, patch, patch, name="patches")(inputs)
    x = layers.Reshape((side * side, width), name="tokens")(x)
    x = ClassToken(name="class_token")(x)
    x = PositionEmbedding(name="positions")(x)
    for i in range(1, blocks + 1):
        y = layers.LayerNormalization(epsilon=EPSILON, name=f"block{i}_attention_norm")(x)
        y = layers.Dense(3 * width, name=f"block{i}_qkv")(y)
        y = Attention(heads, name=f"block{i}_attention")(y)
        y = layers.Dense(width, name=f"block{i}_attention_out")(y)
        x = _residual(x, y, layer_scale, drop_path, f"block{i}_attention")
        y = layers.LayerNormalization(epsilon=EPSILON, name=f"block{i}_mlp_norm")(x)
        y = layers.Dense(mlp * width, name=f"block{i}_mlp_in")(y)
        y = Gelu(name=f"block{i}_gelu")(y)
        y = layers.Dense(width, name=f"block{i}_mlp_out")(y)
        x = _residual(x, y, layer_scale, drop_path, f"block{i}_mlp")
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = Summary(name="summary")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, classification(x, classes), name="vit")


@keras.saving.register_keras_serializable("mien")
class Summary(layers.Layer):
    """The class token beside the mean of the other tokens: [B, 1 + T, C] to [B, 2C]."""

    def call(self, tokens: Any) -> Any:
        # Not tokens[:, 0]: XNNPACK has no slice that loses an axis, and the network would be two pieces.
        token = ops.squeeze(tokens[:, :1], axis=1)
        return ops.concatenate([token, ops.mean(tokens[:, 1:], axis=1)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0], 2 * input_shape[-1]


def _residual(x: Any, branch: Any, layer_scale: bool, drop_path: float, name: str) -> Any:
    if layer_scale:
        branch = LayerScale(name=f"{name}_scale")(branch)
    if drop_path:
        branch = layers.Dropout(drop_path, noise_shape=(None, 1, 1), name=f"{name}_drop")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])
