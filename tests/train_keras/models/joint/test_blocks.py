import keras
import numpy as np
import pytest

from train_keras.models.joint.blocks import Double, conv3, residual
from train_keras.models.layers import scaled


def test_double():
    maps = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    assert np.array_equal(np.asarray(Double()(maps)), maps.repeat(2, axis=1).repeat(2, axis=2))
    assert Double().compute_output_shape((None, 3, 4, 5)) == (None, 6, 8, 5)


@pytest.mark.parametrize(
    ("light", "parameters"), [(False, 9 * 6 * 8 + 4 * 8), (True, 9 * 6 + 4 * 6 + 6 * 8 + 4 * 8)]
)
def test_convolution(light, parameters):
    inputs = keras.Input((8, 8, 6))
    model = keras.Model(inputs, conv3(inputs, 8, strides=2, light=light, name="conv"))
    assert model.output.shape == (None, 4, 4, 8)
    assert model.count_params() == parameters


def test_residual_begins_near_its_input():
    """With the second convolution's scale at zero only the input passes."""
    inputs = keras.Input((4, 4, 8))
    model = keras.Model(inputs, residual(inputs, name="block"))
    model.get_layer("block_2_bn").gamma.assign(np.zeros(8))
    maps = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype(np.float32)
    assert np.asarray(model(maps, training=False)) == pytest.approx(np.maximum(maps, 0))


def test_scaled():
    assert [scaled(64, width) for width in (1, 0.5, 0.3, 0.01)] == [64, 32, 16, 8]
