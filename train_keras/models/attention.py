"""What transformers are made of beside dense layers, and where they look.

Sources: Vaswani et al., "Attention Is All You Need", section 3.2 (attention); Dosovitskiy et al., "An Image
Is Worth 16x16 Words", section 3.1 (class token, positions); Touvron et al., "Going deeper with Image
Transformers", section 2 (LayerScale). Tokens are [B, T, C] or, where they are a map, [B, H, W, C].
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from edge.types import Floats


@keras.saving.register_keras_serializable("mien")
class Attention(layers.Layer):
    """Multi-head scaled dot-product self-attention, between its two dense layers; it has no weights.

    Args:
        heads: how many.
    Call:
        qkv: [B, ..., 3C], queries, keys and values side by side, each head's channels together.
        Returns [B, ..., C]. The probabilities are computed in float32 under any policy.
    """

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def build(self, input_shape: Any) -> None:
        if input_shape[-1] % (3 * self.heads):
            raise ValueError(
                f"{input_shape[-1]} channels are not queries, keys and values of {self.heads} heads each"
            )

    def call(self, qkv: Any) -> Any:
        query, key, value = self._heads(qkv)
        shares = ops.cast(self._shares(query, key), value.dtype)
        mixed = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, *self.compute_output_shape(qkv.shape)[1:]))

    def attention(self, qkv: Any) -> Any:
        """Float32 [B, heads, T, T]: how much each token, third axis, takes from each, last axis."""
        query, key, _ = self._heads(qkv)
        return self._shares(query, key)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return *input_shape[:-1], input_shape[-1] // 3

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}

    def _heads(self, qkv: Any) -> list[Any]:
        """Queries, keys and values, each [B, heads, T, C / heads]."""
        *places, channels = self.compute_output_shape(qkv.shape)[1:]
        shape = (-1, math.prod(places), self.heads, channels // self.heads)
        return [ops.transpose(ops.reshape(part, shape), (0, 2, 1, 3)) for part in ops.split(qkv, 3, axis=-1)]

    def _shares(self, query: Any, key: Any) -> Any:
        scores = ops.matmul(query * query.shape[-1] ** -0.5, ops.transpose(key, (0, 1, 3, 2)))
        return ops.softmax(ops.cast(scores, "float32"))


@keras.saving.register_keras_serializable("mien")
class AttentionPool(layers.Layer):
    """Tokens summed up by learned queries, one a head, after its two dense layers; it has no weights.

    A query that does not depend on the picture times a linear map of a token is another linear map of the
    token, so that queries and keys are one dense layer with an output a head (as in Lee et al., "Set
    Transformer", section 3.2, with the query absorbed).

    Call:
        scores: [B, ..., heads]; values: [B, ..., C], each head's channels together.
        Returns [B, C]. The probabilities are computed in float32 under any policy.
    """

    def call(self, scores: Any, values: Any) -> Any:
        heads, channels = scores.shape[-1], values.shape[-1]
        shares = ops.cast(ops.expand_dims(self.attention(scores), 2), values.dtype)
        values = ops.reshape(values, (-1, math.prod(values.shape[1:-1]), heads, channels // heads))
        pooled = ops.matmul(shares, ops.transpose(values, (0, 2, 1, 3)))
        return ops.reshape(pooled, (-1, channels))

    def attention(self, scores: Any) -> Any:
        """Float32 [B, heads, T]: how much each token counts for each query."""
        scores = ops.reshape(scores, (-1, math.prod(scores.shape[1:-1]), scores.shape[-1]))
        return ops.softmax(ops.cast(ops.transpose(scores, (0, 2, 1)), "float32"))

    def compute_output_shape(self, scores_shape: Any, values_shape: Any) -> Any:
        return values_shape[0], values_shape[-1]


@keras.saving.register_keras_serializable("mien")
class ClassToken(layers.Layer):
    """Puts a learned token before the others: [B, T, C] to [B, 1 + T, C]."""

    def build(self, input_shape: Any) -> None:
        self.token = self.add_weight(
            shape=(1, 1, input_shape[-1]), initializer=keras.initializers.TruncatedNormal(0.02), name="token"
        )

    def call(self, tokens: Any) -> Any:
        # A sum with zeros has a batch of any size, which broadcasting to one would have to know.
        token = ops.zeros_like(tokens[:, :1]) + ops.cast(self.token, tokens.dtype)
        return ops.concatenate([token, tokens], axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0], input_shape[1] + 1, input_shape[2]


@keras.saving.register_keras_serializable("mien")
class PositionEmbedding(layers.Layer):
    """Adds a learned vector to each token or place of a map."""

    def build(self, input_shape: Any) -> None:
        self.positions = self.add_weight(
            shape=(1, *input_shape[1:]),
            initializer=keras.initializers.TruncatedNormal(0.02),
            name="positions",
        )

    def call(self, tokens: Any) -> Any:
        return tokens + ops.cast(self.positions, tokens.dtype)


@keras.saving.register_keras_serializable("mien")
class LayerScale(layers.Layer):
    """Multiplies each channel by a learned factor, small at first: LayerScale."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(1e-5), name="scale"
        )

    def call(self, tokens: Any) -> Any:
        return tokens * ops.cast(self.scale, tokens.dtype)


def attention_map(model: keras.Model, faces: Floats) -> Floats:
    """Where a transformer looks: the last attention's probabilities, mean over the heads.

    Args:
        model: `vit`, whose class token asks, or `vit_student`, whose pooling queries do.
        faces: float32 [N, S, S, C], -1 to 1.
    Returns:
        float32 [N, rows, columns] over the patches; each map sums to 1.
    Raises:
        ValueError: the network has no such attention.
    """
    asked = [layer for layer in model.layers if isinstance(layer, (Attention, AttentionPool))]
    if not asked:
        raise ValueError(f"{model.name} has no attention to draw: vit and vit_student have")
    layer = asked[-1]
    given = keras.Model(model.input, layer.input).predict(faces, verbose=0)
    if isinstance(layer, AttentionPool):
        maps = ops.mean(layer.attention(given[0]), axis=1)
    else:
        maps = ops.mean(layer.attention(given), axis=1)[:, 0, 1:]
    side = math.isqrt(maps.shape[1])
    shares = ops.convert_to_numpy(maps).reshape(-1, side, side)
    return np.asarray(shares / shares.sum((1, 2), keepdims=True), np.float32)
