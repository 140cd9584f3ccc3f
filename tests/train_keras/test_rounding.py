import doctest

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from train_keras import rounding
from train_keras.rounding import from_steps, to_steps

WEIGHTS = arrays(
    np.float32,
    array_shapes(max_dims=4, max_side=5),
    elements=st.floats(-1e3, 1e3, width=32).filter(lambda value: value == 0 or abs(value) > 1e-20),
)


def test_examples():
    assert doctest.testmod(rounding).failed == 0


@given(WEIGHTS)
def test_no_weight_is_more_than_half_a_step_off(weights):
    steps, sizes = to_steps(weights)
    assert (steps.dtype, steps.shape, sizes.shape) == (np.int8, weights.shape, weights.shape[-1:])
    assert (np.abs(from_steps(steps, sizes) - weights) <= 0.5001 * sizes).all()
