"""Four simulated devices; a process of its own, for a backend is chosen once and devices are counted once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from train_keras.distribution import distribute, fill_up
from train_keras.models import layers

SCRIPT = """
import sys
from pathlib import Path
import keras
import numpy as np
from edge.errors import ConfigError
from train_keras.data.faces import Faces
from train_keras.distribution import distribute, fill_up
from train_keras.recipe import Recipe
from train_keras.training import fit

devices = int(sys.argv[2])
if devices > 1:
    try:
        distribute(batch_size=18)
    except ConfigError as error:
        assert "multiple of 4" in str(error), error
    else:
        raise AssertionError("18 faces cannot be shared by four devices")
assert distribute(batch_size=16) == devices
assert fill_up(5) == (8 if devices > 1 else 5)
rng = np.random.default_rng(0)
classes = rng.integers(0, 7, 64)
images = rng.integers(0, 120, (64, 16, 16)).astype(np.uint8)
images[np.arange(64), 2 * classes] += 100
faces = Faces(images, np.eye(7, dtype=np.float32)[classes], np.zeros(64, np.int8), np.arange(64))
recipe = Recipe.model_validate({
    "name": "tiny", "seed": 3,
    "model": {"builder": "dcnn", "options": {
        "input_size": 16, "widths": [4, 6, 8], "hidden": 8, "dropout": [0, 0, 0, 0]}},
    "data": {"masked": 0},
    "optimiser": {"epochs": 1, "batch_size": 16, "warmup_epochs": 0, "schedule": "constant"},
})
model = fit(recipe, Path(sys.argv[1]), faces, None, faces[:16], images[:16])
assert len(model.get_layer("hidden").kernel.value.sharding.device_set) == devices
"""


def train(folder: Path, devices: int) -> subprocess.Popen[str]:
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(devices)],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_four_devices_train_as_one_does(tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'mien[cluster]'")
    folders = [tmp_path / "one", tmp_path / "four"]
    for process in [train(folder, devices) for folder, devices in zip(folders, (1, 4), strict=True)]:
        complaint = process.communicate()[1]
        assert process.returncode == 0, complaint[-3000:]
    one, four = (json.loads((folder / "history.json").read_text())[0] for folder in folders)
    assert four["loss"] == pytest.approx(one["loss"], rel=1e-3)
    assert layers.BatchNorm  # imported, so that Keras knows it
    models = [keras.saving.load_model(folder / "model.keras", compile=False) for folder in folders]
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        assert ours == pytest.approx(theirs, abs=2e-3)
    mean = models[1].get_layer("set1a_bn").moving_mean.numpy()
    assert np.abs(mean).max() > 0.01, "batch normalisation has seen the faces"


def test_nothing_happens_on_another_backend():
    assert keras.backend.backend() != "jax"
    assert distribute(batch_size=17) == 1
    assert keras.distribution.distribution() is None
    assert fill_up(17) == 17
