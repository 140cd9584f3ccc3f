"""A small network whose answers vary, exported once."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from convert.export import to_float32, to_int8
from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.models.slim import slim

SIDE = 16


@pytest.fixture(scope="session")
def crops() -> Image:
    """Smooth random pictures that span all grey levels, uint8 [96, 16, 16]."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(128, 60, (96, 4, 4)).repeat(4, 1).repeat(4, 2)
    images = np.clip(coarse + rng.normal(0, 12, (96, SIDE, SIDE)), 0, 255).astype(np.uint8)
    images[:, 0, :2] = 0, 255
    return images


@pytest.fixture(scope="session")
def network(crops: Image) -> keras.Model:
    """The slim CNN at 16 px: random weights, its statistics and its last layer fitted to the pictures."""
    keras.utils.set_random_seed(3)
    model = slim(SIDE, channels=1, bounded=True, stem_strides=1, strides=(2, 2, 1, 1, 1, 1))
    faces = scale_pixels(crops)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(faces, training=True)
    pooled = np.asarray(keras.Model(model.input, model.get_layer("pool").output)(faces, training=False))
    # Along the strongest directions, as training would: a random one is mostly the quantiser's noise.
    directions = np.linalg.svd(pooled - pooled.mean(0), full_matrices=False)[2][:3]
    kernel = directions.T @ np.random.default_rng(1).normal(size=(3, 7))
    logits = pooled @ kernel
    model.get_layer("logits").set_weights([2 * kernel / logits.std(0), -2 * (logits / logits.std(0)).mean(0)])
    return model


@pytest.fixture(scope="session")
def answers(network: keras.Model, crops: Image) -> Floats:
    """What Keras says of the pictures."""
    return np.asarray(network(scale_pixels(crops), training=False))


@pytest.fixture(scope="session")
def flatbuffers(network: keras.Model, crops: Image) -> dict[str, bytes]:
    return {
        "float32": to_float32(network),
        "int8": to_int8(network, [scale_pixels(crop[None]) for crop in crops]),
    }
