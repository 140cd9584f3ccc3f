import keras
import numpy as np
import pytest

from convert import export
from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.face_mobilenet import BLOCKS, STEM, face_mobilenet

TINY = {"input_size": 32, "channels": 1, "width": 0.25}


def by_hand(channels):
    """Table 1 with a bias in place of each normalisation, and a head of seven."""
    ins = (STEM, *(filters for filters, _ in BLOCKS[:-1]))
    stem = 9 * channels * STEM + STEM
    separable = sum(9 * a + a + a * b + b for a, (b, _) in zip(ins, BLOCKS, strict=True))
    return stem + separable + 1024 * 7 + 7


@pytest.mark.parametrize("channels", [1, 3])
def test_parameters_by_hand(channels):
    assert face_mobilenet(channels=channels).count_params() == by_hand(channels)


def test_cost():
    """Table 8 of the paper has 569 M multiply-accumulates at 224 px with its 1000 labels."""
    whole = gflops(face_mobilenet(224, channels=3, classes=1000))
    assert whole / 2 == pytest.approx(0.569, abs=5e-4)


def test_answers_are_distributions():
    answers = np.asarray(face_mobilenet(64, channels=3, width=0.25)(np.zeros((2, 64, 64, 3), np.float32)))
    assert answers.shape == (2, 7)
    assert answers.sum(1) == pytest.approx(1, abs=1e-5)


def test_comes_back_from_its_configuration():
    model = face_mobilenet(**TINY, dropout=0.1)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 1)).astype(np.float32)
    assert np.asarray(again(faces)) == pytest.approx(np.asarray(model(faces)), abs=1e-6)


@pytest.mark.parametrize("size", [0, 48, 100])
def test_sizes_that_do_not_halve_five_times(size):
    with pytest.raises(ConfigError, match="multiple of 32"):
        build("face_mobilenet", input_size=size)


def test_exports_with_builtin_operators_only():
    model = face_mobilenet(**TINY)
    faces = [np.zeros((1, 32, 32, 1), np.float32), np.full((1, 32, 32, 1), 0.9921875, np.float32)]
    for flatbuffer in (export.to_float32(model), export.to_int8(model, faces)):
        assert export.operators(flatbuffer)
