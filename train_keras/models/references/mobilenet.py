"""MobileNet V1, V2 and V3 (Large) from keras.applications, up to their features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from train_keras.models.layers import BatchNorm
from train_keras.models.references.ends import pooled


def mobilenet_v1(face: Any, width: float = 1.0) -> Any:
    """MobileNet: depthwise separable convolutions.

    Source: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", Table 1. The slim CNN paper counts 3,236,039 parameters, as here.

    Args:
        face: float [B, S, S, C] in -1…1.
        width: multiplier of every layer's channels.
    Returns:
        Features, float [B, F].
    """
    return pooled(_features(keras.applications.MobileNet, face, alpha=width))


def mobilenet_v2(face: Any, width: float = 1.0) -> Any:
    """MobileNetV2: inverted residuals with linear bottlenecks.

    Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", Table 2. The slim CNN
    paper counts 2,266,951 parameters, as here. Arguments and answer: as `mobilenet_v1`.
    """
    return pooled(_features(keras.applications.MobileNetV2, face, alpha=width))


def mobilenet_v3(face: Any, width: float = 1.0) -> Any:
    """MobileNetV3-Large: squeeze and excitation, hard swish.

    Source: Howard et al., "Searching for MobileNetV3", Table 1, whose last convolution, 1x1 to 1280 on the
    pooled map, is a dense layer here. That counts 4,235,399 parameters; the slim CNN paper's 5,127,839 and
    0.040 GFLOPs belong to a larger variant that it does not describe. Arguments and answer: as
    `mobilenet_v1`.
    """
    x = _features(keras.applications.MobileNetV3Large, face, alpha=width, include_preprocessing=False)
    return layers.Dense(1280, activation="hard_silu", name="features")(pooled(x))


def _features(application: Callable[..., keras.Model], face: Any, **options: Any) -> Any:
    """The application's last map, from fresh weights and with the fused batch normalisation."""
    network = application(input_shape=face.shape[1:], include_top=False, weights=None, **options)
    return keras.models.clone_model(network, input_tensors=face, clone_function=_fused).output


def _fused(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if not isinstance(layer, layers.BatchNormalization):
        return type(layer).from_config(config)
    # V2 and V3 come with 0.999: after the first epochs of a small set their statistics would still be stale.
    return BatchNorm.from_config(config | {"momentum": 0.99})
