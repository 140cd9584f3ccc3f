import itertools
from pathlib import Path

import keras
import numpy as np
import pytest

from convert import export
from train_keras.cost import gflops
from train_keras.models.dcnn import dcnn
from train_keras.recipe import read_recipe

TINY = {"input_size": 16, "widths": (4, 6, 8), "hidden": 10}


def test_cost_of_the_default_layout():
    model = dcnn()
    convolutions = [1, 64, 64, 128, 128, 256, 256]
    by_hand = sum(9 * a * b + 4 * b for a, b in itertools.pairwise(convolutions))
    by_hand += 6 * 6 * 256 * 256 + 4 * 256 + 256 * 7 + 7
    assert model.count_params() == by_hand
    multiply_accumulates = sum(
        9 * a * b * side**2
        for a, b, side in zip(convolutions, convolutions[1:], (48, 48, 24, 24, 12, 12), strict=False)
    )
    assert gflops(model) == pytest.approx(2e-9 * (multiply_accumulates + 9216 * 256 + 256 * 7))


@pytest.mark.parametrize("name", ["dcnn_teacher", "dcnn_student", "dcnn_alone"])
def test_teacher_and_students_share_one_network(name):
    recipe = read_recipe(Path(name))
    model = dcnn(**recipe.model.options)
    assert model.count_params() == 2392615
    assert gflops(model) == pytest.approx(0.3181, abs=5e-4)


def test_probabilities_and_round_trip(tmp_path):
    model = dcnn(**TINY, classes=5)
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype(np.float32)
    model(faces, training=True)  # moves the statistics
    answers = np.asarray(model(faces, training=False))
    assert answers.shape == (4, 5)
    assert answers.sum(1) == pytest.approx(np.ones(4), abs=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.to_json() == model.to_json()
    assert np.array_equal(loaded(faces, training=False), answers)


def test_exports_with_builtin_operators_only():
    model = dcnn(**TINY)
    faces = [np.zeros((1, 16, 16, 1), np.float32), np.full((1, 16, 16, 1), 0.9921875, np.float32)]
    for flatbuffer in (export.to_float32(model), export.to_int8(model, faces)):
        assert export.operators(flatbuffer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_size": 20}, "multiple of 8, got 20"),
        ({"input_size": 0}, "multiple of 8, got 0"),
        ({"widths": (8, 8)}, "widths needs 3 values"),
        ({"dropout": (0.1,)}, "dropout 4"),
    ],
)
def test_unusable_options(options, message):
    with pytest.raises(ValueError, match=message):
        dcnn(**options)
