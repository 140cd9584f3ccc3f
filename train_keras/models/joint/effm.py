"""Expression feature fusion module: four regions of the face, each passing as far as it can be trusted.

Source: Hou and Sun, Applied Sciences 2025, 15, 10433, section 3.3. The paper leaves open what the regions
are, how the occlusion map enters and all widths. Here:

- The regions are brows, eyes, nose and mouth, and every cell of the map belongs to them by a softmax over how
  strongly the landmarks of each show near it. So they move with the face, and together cover all of it.
- P is multiplied by 1 - M, the exposed share of each cell, before it is decomposed.
- 128 channels a region, 64 in a patch-gated unit, one gate a region, and heat maps averaged over 4 x 4 fields
  (a mean over the whole map would lose where a landmark is): with the recognition module 6.35 M parameters,
  the paper's 6.3 M.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from train_keras.models.joint.blocks import conv3, residual
from train_keras.models.joint.fopm import SIGMA, Parsed
from train_keras.models.layers import conv_bn

# The jaw's points 0 to 16 bound the face and belong to no region.
GROUPS = {"brows": (17, 27), "eyes": (36, 48), "nose": (27, 36), "mouth": (48, 68)}
REGIONS = tuple(GROUPS)
ELSEWHERE = 0.25  # share of a region in cells far from its landmarks
FIELDS = 4


@keras.saving.register_keras_serializable("mien")
class Expose(layers.Layer):
    """Features [B, h, w, C] times the exposed share of each cell, 1 - occlusion [B, h, w, 1]."""

    def call(self, inputs: Any) -> Any:
        features, occlusion = inputs
        return features * (1.0 - occlusion)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


@keras.saving.register_keras_serializable("mien")
class Regions(layers.Layer):
    """Heat maps [B, h, w, 68] to the share of each of `REGIONS` in a cell: four maps [B, h, w, 1].

    The share is 1 at a region's landmarks and falls to `ELSEWHERE` about a sixteenth of the map beyond them.
    """

    def build(self, input_shape: Any) -> None:
        reach = input_shape[1] // 32
        places = np.arange(-reach, reach + 1) / SIGMA
        bell = np.exp(-0.5 * places**2)
        kernel = np.zeros((len(bell), len(bell), input_shape[-1], len(GROUPS)), np.float32)
        for number, (low, high) in enumerate(GROUPS.values()):
            # A window's sum, as a multiple of what one landmark at its centre gives.
            kernel[:, :, low:high, number] = 1 / bell.sum() ** 2
        self.kernel = 6 * kernel

    def call(self, inputs: Any) -> Any:
        near = ops.relu6(ops.conv(inputs, ops.cast(self.kernel, inputs.dtype), padding="same")) / 6
        return ops.split(near * (1 - ELSEWHERE) + ELSEWHERE, len(GROUPS), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return [(*input_shape[:-1], 1) for _ in GROUPS]


@keras.saving.register_keras_serializable("mien")
class FieldMeans(layers.Layer):
    """Square maps [B, s, s, C] averaged over 4 x 4 fields: [B, 4, 4, C]; s is a multiple of 4.

    A depthwise convolution, which int8 delegates know; average pooling they do not. Square, because
    TensorFlow has no depthwise convolution with two strides on every processor.

    Raises:
        ValueError: the maps are not square.
    """

    def call(self, inputs: Any) -> Any:
        _, side, width, channels = inputs.shape
        if side != width:
            raise ValueError(f"field means are of square maps, got {side} x {width}")
        field = side // FIELDS
        kernel = ops.full((field, field, channels, 1), 1 / field**2, inputs.dtype)
        return ops.depthwise_conv(inputs, kernel, field)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0], FIELDS, FIELDS, input_shape[-1]


def effm(
    parsed: Parsed, *, filters: int = 128, prior: int = 128, attention: int = 64, light: bool = False
) -> Any:
    """The module: features [B, h, w, C] to the fused feature [B, h, w, filters].

    Args:
        parsed: without occlusion map and heat maps, the regions are what the patch-gated units make of the
            features alone, and the gates know no geometry.
        filters: channels of each region and of their sum.
        prior: length of the geometric prior.
        attention: channels in a patch-gated unit.
        light: depthwise-separable convolutions.
    """
    features, regions, geometry = exposed(parsed), [None] * len(REGIONS), None
    if parsed.landmarks is not None:
        regions = Regions(name="effm_regions")(parsed.landmarks)
        geometry = geometric_prior(parsed.landmarks, prior)
    gated = []
    for region, share in zip(REGIONS, regions, strict=True):
        x = conv_bn(features, filters, 1, name=f"effm_{region}")
        weights = patch_gate(x, share, attention, light, region)
        x = layers.Multiply(name=f"effm_{region}_weighted")([x, weights])
        x = residual(x, light=light, name=f"effm_{region}_residual")
        gated.append(layers.Multiply(name=f"effm_{region}_gated")([x, gate(x, geometry, region)]))
    return layers.Add(name="effm_fused")(gated)


def exposed(parsed: Parsed) -> Any:
    """The features [B, h, w, C], dimmed where an occlusion map says that they are covered."""
    if parsed.occlusion is None:
        return parsed.features
    return Expose(name="effm_exposed")([parsed.features, parsed.occlusion])


def geometric_prior(landmarks: Any, units: int) -> Any:
    """Heat maps [B, h, w, 68], averaged over 4 x 4 fields and projected: [B, 1, 1, units]."""
    pooled = FieldMeans(name="effm_prior_pool")(landmarks)
    return layers.Conv2D(units, FIELDS, activation="relu", name="effm_prior")(pooled)


def patch_gate(x: Any, share: Any, filters: int, light: bool, region: str) -> Any:
    """Patch-gated unit: the weight of each cell of a region, [B, h, w, 1], 0 to 1."""
    weights = conv3(x, filters, light=light, name=f"effm_{region}_attention")
    weights = layers.Conv2D(1, 1, activation="sigmoid", name=f"effm_{region}_weights")(weights)
    if share is None:
        return weights
    return layers.Multiply(name=f"effm_{region}_region")([weights, share])


def gate(x: Any, geometry: Any, region: str) -> Any:
    """How much of a region passes, [B, 1, 1, 1], 0 to 1, from its mean feature and the geometric prior."""
    vector = layers.GlobalAveragePooling2D(keepdims=True, name=f"effm_{region}_vector")(x)
    if geometry is not None:
        vector = layers.Concatenate(name=f"effm_{region}_context")([vector, geometry])
    return layers.Conv2D(1, 1, activation="sigmoid", name=f"effm_{region}_gate")(vector)
