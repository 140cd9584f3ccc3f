"""Convolutions the modules are made of, in a full and a light form."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from train_keras.models.layers import conv_bn, separable


@keras.saving.register_keras_serializable("mien")
class Double(layers.Layer):
    """Each cell of [B, h, w, C] becomes 2 x 2 equal cells: [B, 2h, 2w, C].

    By what lies beside what in memory: faster than other ways to train, and TFLite's delegates know it.
    """

    def call(self, inputs: Any) -> Any:
        _, height, width, channels = inputs.shape
        wide = ops.reshape(ops.concatenate([inputs] * 2, axis=-1), (-1, height, 2 * width, channels))
        return ops.reshape(ops.concatenate([wide] * 2, axis=2), (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, height, width, channels = input_shape
        return batch, 2 * height, 2 * width, channels


def conv3(
    x: Any, filters: int, *, strides: int = 1, relu: bool = True, light: bool = False, name: str
) -> Any:
    """3x3 convolution + BN and, unless told otherwise, ReLU.

    Args:
        light: 3x3 depthwise + BN + ReLU, then 1x1, in its place.
    """
    if not light:
        return conv_bn(x, filters, 3, strides=strides, relu=relu, name=name)
    return separable(x, filters, strides=strides, relu=relu, name=name)


def residual(x: Any, *, light: bool = False, name: str) -> Any:
    """Two 3x3 convolutions around which the input is led, then ReLU."""
    filters = x.shape[-1]
    y = conv3(x, filters, light=light, name=f"{name}_1")
    y = conv3(y, filters, relu=False, light=light, name=f"{name}_2")
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)
