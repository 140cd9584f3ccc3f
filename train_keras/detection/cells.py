"""The cells of facet's maps as one list: where each lies and what it says in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from edge.types import Floats
from train_keras.models.facet import CLASS_CHANNELS, GEOMETRY_CHANNELS, STRIDES

CHANNELS = CLASS_CHANNELS + GEOMETRY_CHANNELS
SCORE, STATES, SIDES, MARKS = 0, slice(1, 4), slice(4, 8), slice(8, 18)


def cells(width: int, height: int) -> tuple[Floats, Floats]:
    """Centres float32 [N, 2] (x, y in pixels) and strides float32 [N] of all cells, stride 8 first.

    >>> centres, strides = cells(32, 32)
    >>> len(centres), centres[0].tolist(), centres[-1].tolist(), strides[-1]
    (21, [4.0, 4.0], [16.0, 16.0], np.float32(32.0))
    """
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        centres.append((np.stack([columns, rows], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full(columns.size, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def with_cells(model: keras.Model) -> keras.Model:
    """The network with its six maps as one output [B, N, 18]: score, mask states, sides, landmarks a cell."""
    columns = []
    for stride in STRIDES:
        both = layers.Concatenate(name=f"cells{stride}")(
            [model.output[f"class{stride}"], model.output[f"geometry{stride}"]]
        )
        columns.append(layers.Reshape((-1, CHANNELS), name=f"list{stride}")(both))
    return keras.Model(model.input, layers.Concatenate(axis=1, name="cells")(columns), name="facet_cells")


def boxes_of(sides: Any, centres: Any, strides: Any) -> Any:
    """Boxes xyxy [..., N, 4] in pixels from distances in strides [..., N, 4]."""
    distances = sides * ops.expand_dims(strides, -1)
    return ops.concatenate([centres - distances[..., :2], centres + distances[..., 2:]], axis=-1)


def landmarks_of(marks: Any, centres: Any, strides: Any) -> Any:
    """Landmarks [..., N, 10] in pixels from offsets in strides [..., N, 10]."""
    return marks * ops.expand_dims(strides, -1) + ops.tile(centres, (1, 5))


def sizes(strides: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    """Least and largest face, longer side in pixels, that cells of these strides may learn: float32 [N] each.

    Neighbouring scales overlap, so that a face between them goes to whichever predicts it better.
    """
    strides = np.asarray(strides, np.float32)
    least = np.where(strides == STRIDES[0], 0, 1.5 * strides)
    largest = np.where(strides == STRIDES[-1], 1e6, 6 * strides)
    return least.astype(np.float32), largest.astype(np.float32)
