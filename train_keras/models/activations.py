"""The activation of pretrained transformers."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mien")
class Gelu(layers.Layer):
    """Gaussian error linear unit, x times the normal distribution function of x, exact to float32.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", section 2. TensorFlow computes it
    and its gradient in a dozen passes over memory, in bfloat16 with a slow error function: a quarter of a
    vision transformer's training step. While training it is two compiled kernels here, same result.
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if training and keras.backend.backend() == "tensorflow":
            return _compiled()(inputs)
        return ops.cast(ops.gelu(ops.cast(inputs, "float32"), approximate=False), inputs.dtype)


@functools.cache
def _compiled() -> Any:
    import tensorflow as tf

    def distribution(x: Any) -> Any:
        return 0.5 + 0.5 * tf.math.erf(x * math.sqrt(0.5))

    @tf.function(jit_compile=True, reduce_retracing=True)
    def forward(x: Any) -> Any:
        wide = tf.cast(x, tf.float32)
        return tf.cast(wide * distribution(wide), x.dtype)

    @tf.function(jit_compile=True, reduce_retracing=True)
    def backward(x: Any, gradient: Any) -> Any:
        wide = tf.cast(x, tf.float32)
        density = math.sqrt(0.5 / math.pi) * tf.exp(-0.5 * wide * wide)
        slope = distribution(wide) + wide * density
        return tf.cast(tf.cast(gradient, tf.float32) * slope, x.dtype)

    @tf.custom_gradient
    def gelu(x: Any) -> Any:
        return forward(x), lambda gradient: backward(x, gradient)

    return gelu
