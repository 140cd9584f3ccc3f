import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundles import Calibration
from edge.calibration import soften, to_expression
from edge.labels import MASK_STATES

CALIBRATION = Calibration(temperature=1.0, abstain_below=0.5, masked=1.6)
probabilities = st.lists(st.floats(2**-18, 1, width=32), min_size=7, max_size=7).map(
    lambda values: (np.float32(values) / np.float32(values).sum()).astype(np.float32)
)


@given(probabilities, st.floats(0.4, 3))
def test_softened_probabilities_keep_their_order_and_their_sum(rows, temperature):
    softened = soften(rows, temperature)
    assert softened.dtype == np.float32
    assert softened.sum() == pytest.approx(1, abs=1e-5)
    assert softened[rows.argmax()] == softened.max()
    assert softened.max() <= rows.max() + 1e-5 if temperature >= 1 else softened.max() >= rows.max() - 1e-5


def test_it_is_the_softmax_of_divided_logits():
    logits = np.random.default_rng(0).normal(0, 3, (5, 7))

    def softmax(values):
        return np.exp(values) / np.exp(values).sum(1, keepdims=True)

    assert soften(np.float32(softmax(logits)), 1.6) == pytest.approx(softmax(logits / 1.6), abs=1e-6)


@pytest.mark.parametrize("state", [None, *MASK_STATES])
def test_a_face_under_a_mask_is_answered_for_with_less_confidence(state):
    row = np.float32([0.02, 0.03, 0.05, 0.55, 0.05, 0.05, 0.25])
    answer = to_expression(row, CALIBRATION, state)
    if state in (None, "no_mask"):
        assert np.array_equal(answer.probabilities, row)
        assert not answer.abstained
    else:
        assert np.array_equal(answer.probabilities, soften(row, 1.6))
        assert answer.abstained  # 0.55 was enough, what is left of it is not


def test_bundles_of_before_are_read_as_they_were():
    row = np.float32([0.0, 0.0, 0.0, 0.6, 0.4, 0.0, 0.0])
    answer = to_expression(row, Calibration(temperature=1.3, abstain_below=0.5), "mask")
    assert np.array_equal(answer.probabilities, row)
