"""A small network whose answers vary, and one that integers ruin, each exported once."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from convert import measuring
from convert.export import to_dynamic, to_float16, to_float32, to_int8
from convert.records import ParityRecord, record_parity
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
def calibration(crops: Image) -> list[Floats]:
    return [scale_pixels(crop[None]) for crop in crops]


@pytest.fixture(scope="session")
def flatbuffers(network: keras.Model, calibration: list[Floats]) -> dict[str, bytes]:
    return {
        "float32": to_float32(network),
        "float16": to_float16(network),
        "dynamic": to_dynamic(network),
        "int8": to_int8(network, calibration),
    }


@pytest.fixture(scope="session")
def wild() -> keras.Model:
    """A network one of whose channels is ten thousand times as large as the others, and says nothing."""
    keras.utils.set_random_seed(5)
    x = inputs = keras.Input((SIDE, SIDE, 1), name="face")
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="calm")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="wild")(x)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="reader")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dense(7, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x))
    kernel, bias = model.get_layer("wild").get_weights()
    kernel[..., 0] *= 1e4
    model.get_layer("wild").set_weights([kernel, bias])
    kernel, bias = model.get_layer("reader").get_weights()
    kernel[:, :, 0] *= 1e-4
    model.get_layer("reader").set_weights([kernel, bias])
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([20 * kernel, bias])
    return model


@pytest.fixture(scope="session")
def wild_flatbuffers(wild: keras.Model, calibration: list[Floats]) -> dict[str, bytes]:
    return {"float32": to_float32(wild), "int8": to_int8(wild, calibration)}


@pytest.fixture(scope="session")
def record(flatbuffers: dict[str, bytes]) -> ParityRecord:
    """Costs of the small network as they are, beside made-up accuracies."""
    faces = {
        "accuracy": 80.125,
        "agreement": 99.5,
        "largest_difference": 0.0625,
        "coarse_accuracy": 70.0,
        "answered": 60.0,
        "answered_accuracy": 90.0,
    }
    measured = {"full": faces, "masked": {**faces, "accuracy": 61.5}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "PROCESSES", 1)
        return record_parity(
            "small",
            "expression",
            {"float32": flatbuffers["float32"], "int8": flatbuffers["int8"]},
            {"float32": measured, "int8": measured},
            protocol="96 smooth pictures",
            command="mien convert small",
            reference=measured,
        )
