import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.smoothing import Smoother

answers = st.lists(st.floats(2**-10, 1, width=32), min_size=7, max_size=7).map(
    lambda values: (np.float32(values) / np.float32(values).sum()).astype(np.float32)
)
sequences = st.lists(st.tuples(answers, st.floats(0, 3)), min_size=1, max_size=15)


@given(sequences, st.floats(0, 5))
def test_smoothed_probabilities_stay_probabilities_between_what_was_seen(sequence, time_constant):
    smoother = Smoother(time_constant)
    now = 0.0
    seen = []
    for answer, pause in sequence:
        now += pause
        seen.append(answer)
        smooth = smoother.smooth(1, answer, now)
        assert smooth.dtype == np.float32
        assert smooth.sum() == pytest.approx(1, abs=1e-4)
        assert (smooth >= np.min(seen, axis=0) - 1e-5).all()
        assert (smooth <= np.max(seen, axis=0) + 1e-5).all()


@given(answers, answers)
def test_a_change_comes_through_to_63_percent_in_one_time_constant_at_any_frame_rate(before, after):
    for steps in (1, 5, 30):
        smoother = Smoother(0.5)
        smoother.smooth(1, before, 0.0)
        for step in range(1, steps + 1):
            smooth = smoother.smooth(1, after, 0.5 * step / steps)
        assert smooth == pytest.approx(before + (1 - np.exp(-1)) * (after - before), abs=1e-4)


@given(answers, answers)
def test_no_time_constant_means_no_smoothing(before, after):
    smoother = Smoother(0)
    smoother.smooth(1, before, 0.0)
    assert np.array_equal(smoother.smooth(1, after, 0.1), after)


def test_tracks_do_not_mix_and_absent_ones_are_forgotten():
    smoother = Smoother(10.0)
    happy, sad = np.eye(7, dtype=np.float32)[[3, 4]]
    smoother.smooth(1, happy, 0.0)
    assert np.array_equal(smoother.smooth(2, sad, 0.0), sad)
    assert smoother.smooth(1, sad, 0.1)[3] > 0.9
    smoother.keep({2})
    assert np.array_equal(smoother.smooth(1, sad, 0.2), sad)
    assert smoother.smooth(2, happy, 0.2)[4] > 0.9
