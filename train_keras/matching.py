"""A student is to see in an occluded face what a teacher sees in the bare one, and look where it looks.

Sources: Romero et al. 2015, "FitNets", section 2.2, for the features; Zagoruyko and Komodakis 2017, "Paying
More Attention to Attention", section 3.1, for the attention, here only where the face can still be seen:
above a mask that is about the eyes and brows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops

from edge.errors import ConfigError, ModelMissingError
from edge.types import Floats, Image
from train_keras import models  # noqa: F401 - a saved teacher's own layers are found once they are imported
from train_keras.batches import enlarge, scale_pixels
from train_keras.models.layers import ActivationAttention

POOL = "pool"  # the layer that averages the last map, in every network that can teach so
_CHUNK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a teacher sees in bare faces.

    Attributes:
        features: float32 [N, D], pooled, the mean of the face's and of its mirror image's.
        attention: uint8 [N, S, S], in pixels of the faces, 255 where it looks most.
    """

    features: Floats
    attention: Image


def show(teacher: Path, faces: Image) -> Shown:
    """Let a teacher look at bare faces, uint8 [N, S, S] grey.

    Raises:
        ModelMissingError: there is no such teacher.
        ConfigError: it does not end in a map that is averaged.
    """
    if not teacher.is_file():
        raise ModelMissingError(f"the teacher {teacher} is missing: train it first")
    model = keras.saving.load_model(teacher, compile=False)
    if POOL not in {layer.name for layer in model.layers}:
        raise ConfigError(f"matching.teacher: {teacher} has no layer '{POOL}' that averages a map")
    pool = model.get_layer(POOL)
    eyes = keras.Model(model.input, [pool.output, ActivationAttention()(pool.input)])
    side = model.input_shape[1]
    features: list[Floats] = []
    attention: list[Image] = []
    for start in range(0, len(faces), _CHUNK):
        shown = np.stack([enlarge(face, side) for face in faces[start : start + _CHUNK]])
        one, other = (eyes.predict(scale_pixels(view), verbose=0) for view in (shown, shown[:, :, ::-1]))
        features.append((one[0] + other[0]) / 2)
        maps = (one[1] + other[1][:, :, ::-1])[..., 0] / 2
        attention.extend(_spread(each, faces.shape[1]) for each in maps)
    return Shown(np.concatenate(features), np.stack(attention))


def _spread(attention: Floats, side: int) -> Image:
    """A map of a few cells in pixels of the face, its largest value 255."""
    spread = cv2.resize(attention, (side, side), interpolation=cv2.INTER_LINEAR)
    most = float(spread.max()) or 1.0  # a network that sees nothing looks nowhere
    return np.rint(255 * (spread / most)).astype(np.uint8)


@keras.saving.register_keras_serializable("mien")
class AttentionTransfer(keras.losses.Loss):  # type: ignore[misc]
    """1 - cosine of the angle between two attention maps, where the face is seen: 0 for the same to 1.

    That is half the squared distance between the maps brought to length 1, as the paper takes them. Targets
    are [B, h, h, 2], the teacher's map and the share of each cell that is seen.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        theirs, seen = y_true[..., 0], y_true[..., 1]
        cells = theirs.shape[1] * theirs.shape[2]
        flat = (ops.reshape(seen * each, (-1, cells)) for each in (theirs, y_pred[..., 0]))
        one, other = (ops.normalize(each, axis=-1) for each in flat)
        return 1 - ops.sum(one * other, axis=-1)
