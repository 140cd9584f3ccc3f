"""facet, a face detector for small computers: one stage, anchor-free, three scales.

What is taken from where: a depthwise-separable backbone with few channels where the maps are large and a
top-down neck by addition (YuNet, Wu et al., Machine Intelligence Research 2023, section 3), one prediction a
cell as distances to the box's sides (FCOS, Tian et al., ICCV 2019, section 3.1), residual blocks. The mask
state is predicted beside the score. Every operator takes any input whose sides are multiples of 32, so one
flatbuffer serves all sizes: enlarging is a concatenation and a depth-to-space, which unlike TFLite's resize
operators carries no size of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from edge.labels import MASK_STATES
from train_keras.models.layers import conv_bn, separable

STRIDES = (8, 16, 32)
CLASS_CHANNELS = 1 + len(MASK_STATES)  # score, mask states
GEOMETRY_CHANNELS = 4 + 2 * 5  # distances to left, top, right, bottom; five landmarks x, y
# What an untrained network says: one cell in a hundred holds a face, and boxes are four strides wide, since
# assigning cells to faces needs some overlap to start from.
SCORE_PRIOR = (-math.log(99), 0.0, 0.0, 0.0)
HALF_SIDES = (2.0,) * 4 + (0.0,) * 10


@keras.saving.register_keras_serializable("mien")
class Enlarge(layers.Layer):
    """Each cell of [B, H, W, C] becomes 2 x 2 equal cells: [B, 2H, 2W, C]."""

    def call(self, inputs: Any) -> Any:
        return ops.depth_to_space(ops.concatenate([inputs] * 4, axis=-1), 2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, height, width, channels = input_shape
        return batch, height and 2 * height, width and 2 * width, channels


@keras.saving.register_keras_serializable("mien")
class Biases(keras.initializers.Initializer):  # type: ignore[misc]
    """One value a channel."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = list(values)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return ops.convert_to_tensor(self.values, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return {"values": self.values}


def facet(
    input_size: Sequence[int] = (320, 256),
    channels: Sequence[int] = (16, 32, 64, 96, 128),
    blocks: Sequence[int] = (1, 4, 2, 1),
    neck: int = 64,
) -> keras.Model:
    """Build the network.

    Args:
        input_size: width and height in pixels, multiples of 32; the weights serve any such size.
        channels: of the stem (stride 2) and of the stages at strides 4, 8, 16 and 32.
        blocks: residual blocks of each stage after the one that halves the map.
        neck: channels of the neck and the heads.
    Returns:
        A model from BGR pictures float [B, H, W, 3] in -1…1 to six maps: for strides 8, 16 and 32 "class"
        [B, h, w, 4] (score logit, mask-state logits over `MASK_STATES`), "geometry" [B, h, w, 14] (distances
        from the cell's centre to the box's left, top, right and bottom, then five landmarks x, y from that
        centre, all in strides).
    Raises:
        ValueError: sides that are no multiples of 32, or not five `channels` and four `blocks`.
    """
    width, height = input_size
    if width % STRIDES[-1] or height % STRIDES[-1]:
        raise ValueError(f"input_size needs multiples of {STRIDES[-1]}, got {list(input_size)}")
    if len(channels) != 5 or len(blocks) != 4:
        raise ValueError(f"channels needs 5 values and blocks 4, got {list(channels)} and {list(blocks)}")
    x = inputs = keras.Input((height, width, 3), name="picture")
    x = conv_bn(x, channels[0], 3, strides=2, name="stem")
    stages = []
    for number, (filters, count) in enumerate(zip(channels[1:], blocks, strict=True), 1):
        x = separable(x, filters, strides=2, name=f"stage{number}")
        for block in range(1, count + 1):
            y = separable(x, filters, name=f"stage{number}_block{block}")
            x = layers.Add(name=f"stage{number}_block{block}_add")([x, y])
        stages.append(x)
    maps = _neck(stages[1:], neck)
    outputs: dict[str, Any] = {}
    for stride, features in zip(STRIDES, maps, strict=True):
        features = separable(features, neck, name=f"head{stride}")
        outputs[f"class{stride}"] = layers.Conv2D(
            CLASS_CHANNELS, 1, bias_initializer=Biases(SCORE_PRIOR), name=f"class{stride}"
        )(features)
        outputs[f"geometry{stride}"] = layers.Conv2D(
            GEOMETRY_CHANNELS, 1, bias_initializer=Biases(HALF_SIDES), name=f"geometry{stride}"
        )(features)
    return keras.Model(inputs, outputs, name="facet")


def _neck(stages: Sequence[Any], filters: int) -> list[Any]:
    """Coarse maps lend their wider view to the finer ones, from the coarsest down."""
    *finer, coarsest = stages
    maps = [conv_bn(coarsest, filters, 1, name=f"neck{STRIDES[-1]}")]
    for stride, stage in zip(STRIDES[-2::-1], reversed(finer), strict=True):
        lateral = conv_bn(stage, filters, 1, name=f"lateral{stride}")
        wider = Enlarge(name=f"enlarge{stride}")(maps[0])
        merged = layers.Add(name=f"merge{stride}")([lateral, wider])
        maps.insert(0, separable(merged, filters, name=f"neck{stride}"))
    return maps
