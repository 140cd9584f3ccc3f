import doctest

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import edge.interval
from edge.interval import LONGEST, SHARE, Costs, affordable
from edge.types import Frame

seconds = st.floats(1e-5, 1.0)
costs = st.builds(Costs, period=seconds, full=seconds, region=seconds, rest=seconds)
faces = st.integers(0, 50)


@settings(deadline=None)
@given(costs, faces)
def test_the_frames_fit_into_the_camera_s_period_or_the_interval_is_the_longest(spent, count):
    interval = affordable(spent, count)
    assert 1 <= interval <= LONGEST
    around = count * spent.region
    if interval < LONGEST:
        looking = (spent.full + (interval - 1) * around) / interval
        assert looking + spent.rest <= SHARE * spent.period * (1 + 1e-6)


@settings(deadline=None)
@given(costs, faces)
def test_no_shorter_interval_would_do(spent, count):
    interval = affordable(spent, count)
    around = count * spent.region
    assume(around < spent.full)  # else a full look in every frame is the cheapest anyway
    for shorter in range(1, interval):
        looking = (spent.full + (shorter - 1) * around) / shorter
        assert looking + spent.rest >= SHARE * spent.period * (1 - 1e-6)


@settings(deadline=None)
@given(costs, faces, st.floats(1, 10))
def test_a_slower_detector_never_gets_a_shorter_interval(spent, count, times):
    before = affordable(spent, count)
    spent.full *= times
    assert affordable(spent, count) >= before


def test_a_slower_camera_leaves_time_for_more_looks():
    intervals = [affordable(Costs(period, 0.080, 0.010, 0.010), 1) for period in (0.02, 0.05, 0.1, 0.2)]
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[0] == LONGEST
    assert intervals[-1] == 1


def test_an_unknown_period_leaves_time_for_everything():
    assert affordable(Costs(full=10.0), 1) == 1


def test_the_period_is_learned_though_frames_are_overtaken():
    learned = Costs()
    image = np.zeros((1, 1, 3), np.uint8)
    for sequence in (0, 1, 4, 5, 5, 9):
        learned.note_frame(Frame(image, sequence, 7 + sequence / 25, "test"))
    assert learned.period == pytest.approx(1 / 25)


def test_examples():
    assert doctest.testmod(edge.interval).failed == 0
