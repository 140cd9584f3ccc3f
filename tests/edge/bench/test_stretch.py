import doctest
import itertools
import time

import numpy as np
import pytest

import edge.bench.context
import edge.bench.stretch
import edge.bench.svg
import edge.bench.sweep
import edge.bench.words
from edge.bench.stretch import CALL, Plan, latency_of, stretch, timing_of


def ignore(*_):
    """Progress nobody looks at."""


def test_there_are_enough_seconds_and_enough_calls():
    by_calls = stretch("x", lambda: {CALL: 0.001}, Plan(seconds=0.0, calls=300), ignore)
    assert by_calls.timing.calls == 300
    by_time = stretch("x", lambda: {CALL: 0.001}, Plan(seconds=0.05, calls=1), ignore)
    assert by_time.record.seconds >= 0.05
    assert by_time.timing.calls > 1
    assert by_calls.short
    assert by_time.short


def test_the_warm_up_is_left_out():
    numbers = itertools.count(1.0)
    measured = stretch("x", lambda: {CALL: next(numbers)}, Plan(seconds=0.1, calls=1), ignore)
    assert measured.timing.samples_seconds[0] > 1


def test_stages_are_told_apart():
    steps = itertools.cycle([{CALL: 0.004, "detect": 0.003}, {CALL: 0.002, "detect": 0.001}])
    measured = stretch("x", lambda: next(steps), Plan(seconds=0.0, calls=100), ignore)
    assert measured.stages["detect"].p50 == pytest.approx(0.002)
    assert measured.timing.fps == pytest.approx(100 / 0.3)


def test_a_step_that_fails_ends_it():
    with pytest.raises(ZeroDivisionError):
        stretch("x", lambda: {CALL: 1 / 0}, Plan(seconds=0.1, calls=1), ignore)


def test_progress_goes_from_nothing_to_all():
    heard = []

    def step():
        time.sleep(0.01)
        return {CALL: 0.01}

    stretch("x", step, Plan(seconds=0.5, calls=5), lambda name, share: heard.append((name, share)))
    assert {name for name, _ in heard} == {"x"}
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 2


def test_what_is_kept_is_bounded_even_and_in_order():
    timing = timing_of(np.arange(1.0, 100_001.0), 1.0, keep=1000)
    kept = np.array(timing.samples_seconds)
    assert len(kept) == 1000
    assert (kept[0], kept[-1]) == (1.0, 100_000.0)
    assert set(np.diff(kept)) <= {99.0, 100.0, 101.0}
    assert timing.latency_seconds.max == 100_000.0  # of all, not of those kept
    assert timing_of([0.5, 0.25], 1.0).samples_seconds == [0.5, 0.25]


def test_percentiles():
    latency = latency_of(np.arange(101) / 100)
    assert (latency.p50, latency.p90, latency.p99, latency.max) == pytest.approx((0.5, 0.9, 0.99, 1.0))


def test_examples():
    for module in (
        edge.bench.stretch,
        edge.bench.context,
        edge.bench.words,
        edge.bench.svg,
        edge.bench.sweep,
    ):
        assert doctest.testmod(module).failed == 0
