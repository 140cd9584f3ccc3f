"""Runs a Keras network of any input size on grey crops."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import keras
import numpy as np

from edge.types import Floats, Image
from train_keras.batches import enlarge, scale_pixels
from train_keras.distribution import fill_up

_CHUNK = 1024  # faces enlarged at a time


def probabilities(model: keras.Model, crops: Image, batch_size: int = 128) -> Floats:
    """The network's answers to faces.

    Args:
        crops: uint8 [N, S, S] grey, of any size.
    Returns:
        float32 [N, C]; of a network with several outputs the one named `expression`.
    """
    side, rows = model.input_shape[1], []
    for start in range(0, len(crops), _CHUNK):
        faces = resize_crops(crops[start : start + _CHUNK], side)
        # Several devices share a batch evenly or not at all; the copies of the last face are cut off again.
        spare = fill_up(len(faces)) - len(faces)
        padded = np.concatenate([faces, faces[-1:].repeat(spare, 0)])
        answers = model.predict(scale_pixels(padded), batch_size=fill_up(batch_size), verbose=0)
        rows.append((answers["expression"] if isinstance(answers, dict) else answers)[: len(faces)])
    return np.concatenate(rows) if rows else np.empty((0, model.output_shape[-1]), np.float32)


def both_sides(answer: Callable[[Image], Floats], crops: Image, mirror: bool = True) -> Floats:
    """The mean of what is said of crops and of their mirror images: float32 [N, C].

    Args:
        answer: uint8 [N, S, S] crops to probabilities.
        mirror: False asks for the crops alone.
    """
    said = answer(crops)
    return np.asarray((said + answer(crops[:, :, ::-1])) / 2, np.float32) if mirror else said


def resize_crops(crops: Image, side: int) -> Image:
    """Crops uint8 [N, S, S] as [N, side, side]: averaged where they shrink, cubic where they grow."""
    if crops.shape[1] == side:
        return crops
    if crops.shape[1] < side:
        return np.stack([np.rint(enlarge(crop, side)) for crop in crops]).astype(np.uint8)
    return np.stack([cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in crops])
