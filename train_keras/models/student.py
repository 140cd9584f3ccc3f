"""The device's own network: inverted residuals whose last map is read twice, once without what is covered.

Its parts are known ones: inverted residuals (Sandler et al., "MobileNetV2", section 3.3), the occlusion map
of Hou and Sun (Applied Sciences 2025, 15, 10433, section 3.2) as one small head, and what that map leaves
exposed as a second summary of the face. A mask-presence head tells whether the face wears anything at all.
Both heads are learned from the painted masks and steer the features even where nobody reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
from keras import layers, ops

from edge.labels import LABELS
from train_keras.models.layers import classification, conv_bn, inverted_residual, separable

STEM = 32
CELL = 4  # pixels of a cell of the occlusion map
HIDDEN = 32  # channels the two heads read


def student(
    input_size: int = 48,
    channels: int = 1,
    widths: Sequence[int] = (24, 40, 80, 128),
    depths: Sequence[int] = (2, 3, 3, 2),
    strides: Sequence[int] = (2, 2, 1, 2),
    expansions: Sequence[int] = (3, 6, 4, 4),
    head: int = 512,
    heads: bool = True,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network.

    Args:
        input_size: side S of the square input in pixels, a multiple of all strides together.
        channels: 1 for grey faces, 3 for colour.
        widths, depths, strides, expansions: of each stage its channels, how many inverted residuals, the
            first one's stride, and how many times as wide their middles are. The map of one stage has S / 4
            cells a side.
        head: channels of the last map.
        heads: with the occlusion map, what it leaves exposed, and the mask-presence head.
        dropout: before the dense layer, while training.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to "expression", probabilities [B, classes], "occlusion"
        [B, S / 4, S / 4, 1], 0 bare to 1 covered, and "masked" [B, 1], the probability that anything is
        covered; without heads to probabilities alone.
    Raises:
        ValueError: the stages disagree in number, an input that the strides do not divide, or no map for the
            occlusion.
    """
    if len({len(widths), len(depths), len(strides), len(expansions)}) > 1:
        raise ValueError(
            f"widths, depths, strides and expansions need one value a stage, got {list(widths)}, "
            f"{list(depths)}, {list(strides)} and {list(expansions)}"
        )
    if input_size <= 0 or input_size % prod(strides):
        raise ValueError(f"input_size needs a multiple of {prod(strides)}, got {input_size}")
    inputs = keras.Input((input_size, input_size, channels), name="face")
    x, maps = conv_bn(inputs, STEM, 3, name="stem"), {}
    for number, (width, depth, stride, expansion) in enumerate(
        zip(widths, depths, strides, expansions, strict=True), 1
    ):
        for block in range(1, depth + 1):
            x = inverted_residual(
                x,
                width,
                expansion=expansion,
                strides=stride if block == 1 else 1,
                name=f"stage{number}_{block}",
            )
        maps[x.shape[1]] = x
    x = conv_bn(x, head, 1, name="head")
    if not heads:
        return keras.Model(inputs, _read([x], dropout, classes), name="student")
    if input_size / CELL not in maps:
        raise ValueError(f"no stage's map has {input_size / CELL:g} cells a side, as the occlusion needs")
    occlusion, masked = _look(maps[input_size // CELL])
    exposed = Exposed(name="exposed")([x, occlusion])
    answers = {
        "expression": _read([x, exposed], dropout, classes),
        "occlusion": occlusion,
        "masked": masked,
    }
    return keras.Model(inputs, answers, name="student")


@keras.saving.register_keras_serializable("mien")
class Exposed(layers.Layer):
    """Features [B, h, w, C] times the exposed share of each cell, from an occlusion map [B, kh, kw, 1].

    The map's means over k x k cells are a convolution, which int8 delegates know.
    """

    def call(self, inputs: Any) -> Any:
        features, occlusion = inputs
        step = occlusion.shape[1] // features.shape[1]
        covered = ops.cast(occlusion, features.dtype)
        if step > 1:
            kernel = ops.full((step, step, 1, 1), 1 / step**2, covered.dtype)
            covered = ops.conv(covered, kernel, step)
        return features * (1.0 - covered)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


def _look(x: Any) -> tuple[Any, Any]:
    """The occlusion map and whether there is any, from a map of a quarter of the input."""
    x = separable(x, HIDDEN, name="heads")
    occlusion = layers.Conv2D(1, 1, activation="sigmoid", dtype="float32", name="occlusion")(x)
    pooled = layers.GlobalAveragePooling2D(name="masked_pool")(x)
    masked = layers.Dense(1, activation="sigmoid", dtype="float32", name="masked")(pooled)
    return occlusion, masked


def _read(maps: list[Any], dropout: float, classes: int) -> Any:
    """Probabilities from the means of maps."""
    means = [layers.GlobalAveragePooling2D(name=f"pool{number}")(x) for number, x in enumerate(maps, 1)]
    x = means[0] if len(means) == 1 else layers.Concatenate(name="pool")(means)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return classification(x, classes)
