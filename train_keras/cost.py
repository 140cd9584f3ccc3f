"""What a network costs: parameters and floating-point operations."""

from __future__ import annotations

import keras
from keras import layers


def gflops(model: keras.Model) -> float:
    """2 x multiply-accumulates of convolutions and dense layers for one picture, in 1e9.

    Elementwise work is left out, as the papers do.
    """
    return 2e-9 * sum(_multiply_accumulates(layer) for layer in model.layers)


def _multiply_accumulates(layer: keras.Layer) -> int:
    if isinstance(layer, layers.DepthwiseConv2D):
        _, height, width, channels = layer.output.shape
        return int(height * width * channels * layer.kernel_size[0] * layer.kernel_size[1])
    if isinstance(layer, layers.Conv2D):
        _, height, width, channels = layer.output.shape
        inputs = layer.input.shape[-1] // layer.groups
        return int(height * width * channels * inputs * layer.kernel_size[0] * layer.kernel_size[1])
    if isinstance(layer, layers.Dense):
        return int(layer.input.shape[-1] * layer.units)
    return 0
