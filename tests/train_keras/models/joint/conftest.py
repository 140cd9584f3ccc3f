"""Joint networks small enough to run: 16 px faces, so maps of 4 x 4 cells."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edge.types import Floats
from train_keras.models.joint import joint, joint_light


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    """Options of `joint`."""
    return {"input_size": 16, "channels": 1, "width": 0.125}


@pytest.fixture(scope="session")
def faces() -> Floats:
    """Smooth random pictures, float32 [6, 16, 16, 1]."""
    coarse = np.random.default_rng(0).uniform(-1, 1, (6, 4, 4, 1)).astype(np.float32)
    return coarse.repeat(4, 1).repeat(4, 2)


@pytest.fixture(scope="session")
def networks(faces: Floats, tiny: dict[str, Any]) -> dict[str, keras.Model]:
    """Both networks, untrained, with statistics that fit the pictures."""
    keras.utils.set_random_seed(1)
    made = {"joint": joint(**tiny), "joint_light": joint_light(16)}
    for model in made.values():
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        model(faces, training=True)
    return made
