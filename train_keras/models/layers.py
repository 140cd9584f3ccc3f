"""Building blocks shared by the networks."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable("mien")
class BatchNorm(layers.BatchNormalization):
    """Batch normalisation through the backend's fused kernel.

    Keras computes the moments and the affine map as separate operations; on a CPU those passes over
    memory cost more than the convolutions between them. Same variables, same result, one kernel.
    Expects float [B, H, W, C] maps, normalised over the last axis.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
            )
            # The kernel answers with the unbiased variance; Keras keeps the biased one.
            count = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
            variance *= (count - 1.0) / count
        elif keras.backend.backend() == "torch":
            from torch.nn import functional

            mean = inputs.detach().mean((0, 1, 2))
            variance = inputs.detach().var((0, 1, 2), unbiased=False)
            maps = inputs.permute(0, 3, 1, 2)
            maps = functional.batch_norm(
                maps, None, None, self.gamma.value, self.beta.value, training=True, eps=self.epsilon
            )
            outputs = maps.permute(0, 2, 3, 1)
        else:
            return super().call(inputs, training=training, mask=mask)
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1.0 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1.0 - keep))
        return outputs


@keras.saving.register_keras_serializable("mien")
class ActivationAttention(layers.Layer):
    """Where a network looks: the mean square of its channels, [B, H, W, C] to [B, H, W, 1].

    Source: Zagoruyko and Komodakis 2017, "Paying More Attention to Attention", section 3.1.
    """

    def call(self, inputs: Any) -> Any:
        return keras.ops.mean(keras.ops.square(keras.ops.cast(inputs, "float32")), axis=-1, keepdims=True)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape[:-1], 1)


def scaled(filters: int, width: float) -> int:
    """So many filters at that width: a multiple of 8, at least 8."""
    return max(8, 8 * round(filters * width / 8))


def conv_bn(
    x: Any,
    filters: int,
    kernel: int,
    *,
    strides: int = 1,
    relu: bool = True,
    silent: bool = False,
    name: str,
) -> Any:
    """Bias-free convolution, batch normalisation and, unless told otherwise, ReLU.

    Args:
        silent: says nothing before it is trained; for the end of a residual branch (Goyal et al., "Accurate,
            Large Minibatch SGD", section 5.1).
    """
    x = layers.Conv2D(
        filters,
        kernel,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = BatchNorm(gamma_initializer="zeros" if silent else "ones", name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def depthwise_bn(x: Any, kernel: int = 3, strides: int = 1, *, name: str) -> Any:
    """Bias-free depthwise convolution and batch normalisation."""
    x = layers.DepthwiseConv2D(kernel, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return BatchNorm(name=f"{name}_bn")(x)


def separable(x: Any, filters: int, *, strides: int = 1, relu: bool = True, name: str) -> Any:
    """3x3 depthwise + BN + ReLU, 1x1 + BN and, unless told otherwise, ReLU."""
    x = layers.DepthwiseConv2D(
        3,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depthwise",
    )(x)
    x = BatchNorm(name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(name=f"{name}_depthwise_relu")(x)
    return conv_bn(x, filters, 1, relu=relu, name=name)


def inverted_residual(x: Any, filters: int, *, expansion: int, strides: int, name: str) -> Any:
    """MobileNetV2's block as equation 1 of the slim CNN paper writes it.

    1x1 expand + BN + ReLU, 3x3 depthwise + BN + ReLU, 1x1 project + BN; the input is added where shapes
    allow. The equation leaves out the first BN and ReLU, the paper's parameter count includes them.

    Args:
        expansion: channels of the middle as a multiple of the input's; 0 leaves the 1x1 expansion out,
            1 keeps it at the input's width, as the count of the paper's first block needs.
    """
    channels = x.shape[-1]
    y = x
    if expansion:
        y = conv_bn(y, channels * expansion, 1, name=f"{name}_expand")
    y = depthwise_bn(y, strides=strides, name=f"{name}_depthwise")
    y = layers.ReLU(name=f"{name}_depthwise_relu")(y)
    y = conv_bn(y, filters, 1, relu=False, name=f"{name}_project")
    if strides == 1 and channels == filters:
        y = layers.Add(name=f"{name}_add")([x, y])
    return y


def represented_global_context(x: Any, *, bounded: bool = False, name: str = "rgc") -> Any:
    """Represented global context of the slim CNN paper, section 2.2, equations 2 and 3.

    The equation multiplies three convolutions of x with nothing between them, so its answer grows with the
    cube of x: trained so, the context reached 1e6 beside an x of 20, and int8 lost everything but chance.
    `bounded` puts a sigmoid on the spatial summary and on the pooled context; no parameter more, and the
    answer grows with x alone.

    Args:
        x: float map [B, H, W, C], C even.
        bounded: with the two sigmoids.
    Returns:
        A map of the same shape.
    """
    channels = x.shape[-1]
    half = channels // 2

    def conv(maps: Any, filters: int, kernel: int, part: str) -> Any:
        return layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=f"{name}_{part}")(maps)

    def bound(maps: Any, part: str) -> Any:
        return layers.Activation("sigmoid", name=f"{name}_{part}_gate")(maps) if bounded else maps

    summary = bound(conv(x, 1, 7, "c7"), "summary")
    key = conv(x, half, 3, "c3_key")
    value = conv(x, half, 3, "c3_value")
    context = layers.Multiply(name=f"{name}_summarise")([key, summary])
    context = bound(layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_gap")(context), "context")
    context = layers.Multiply(name=f"{name}_represent")([value, context])
    y = layers.Add(name=f"{name}_context")([conv(context, channels, 3, "c3_restore"), x])
    z = conv_bn(y, half, 1, name=f"{name}_reduce")
    z = conv_bn(z, channels, 1, name=f"{name}_rebuild")
    return layers.Add(name=f"{name}_out")([z, y])


def classification(features: Any, classes: int) -> Any:
    """Dense logits and their softmax, in float32 whatever the rest computes in."""
    logits = layers.Dense(classes, dtype="float32", name="logits")(features)
    return layers.Softmax(dtype="float32", name="probabilities")(logits)
