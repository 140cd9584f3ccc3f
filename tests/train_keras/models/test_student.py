import keras
import numpy as np
import pytest

from convert import export
from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.outputs import expression_only
from train_keras.models.student import Exposed, student

TINY = {
    "input_size": 16, "widths": (8, 8), "depths": (1, 2), "strides": (2, 2), "expansions": (1, 2), "head": 16,
}  # fmt: skip


def test_size_and_cost():
    model = student()
    assert model.count_params() == 498_513
    assert gflops(model) == pytest.approx(0.1053, abs=5e-4)
    assert {name: tuple(output.shape[1:]) for name, output in model.output.items()} == {
        "expression": (7,),
        "occlusion": (12, 12, 1),
        "masked": (1,),
    }
    plain = student(heads=False)
    assert plain.count_params() == 491_135
    assert plain.output_shape == (None, 7)


@pytest.mark.parametrize("cells", [6, 3])
def test_what_is_covered_counts_less(cells):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, cells, cells, 5)).astype(np.float32)
    covered = rng.uniform(size=(2, 6, 6, 1)).astype(np.float32)
    step = 6 // cells
    means = covered.reshape(2, cells, step, cells, step, 1).mean((2, 4))
    assert np.asarray(Exposed()([features, covered])) == pytest.approx(features * (1 - means), abs=1e-5)


def test_comes_back_from_its_file(tmp_path):
    model = student(**TINY, dropout=0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype(np.float32)
    for name, answers in model(faces, training=False).items():
        assert np.asarray(loaded(faces, training=False)[name]) == pytest.approx(np.asarray(answers), abs=1e-6)


def test_exports_with_builtin_operators_only():
    model = expression_only(student(**TINY))
    faces = [np.zeros((1, 16, 16, 1), np.float32), np.full((1, 16, 16, 1), 0.9921875, np.float32)]
    for flatbuffer in (export.to_float32(model), export.to_int8(model, faces)):
        assert export.operators(flatbuffer)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input_size": 50}, "multiple of 8, got 50"),
        ({"input_size": 0}, "multiple of 8, got 0"),
        ({"widths": (8, 8)}, "one value a stage"),
        ({**TINY, "strides": (1, 2)}, "no stage's map has 4 cells"),
    ],
)
def test_unusable_options(options, said):
    with pytest.raises(ConfigError, match=said):
        build("student", **options)
