import doctest
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.health.pressure
import edge.health.throttling
from edge.health.ladder import LONGEST_CALM, Ladder
from edge.health.pressure import (
    HEAT_CALM,
    PACE,
    PACE_CALM,
    PACE_SETTLE,
    WINDOW,
    Counts,
    Flow,
    Pressure,
    fewer_threads,
)

FPS = 25
PERIOD = 2.0
SHORT = 1e-6  # times are sums of floats
# Times between two looks, and what is felt at each.
feelings = st.lists(st.tuples(st.floats(0.1, 20), st.sampled_from([True, False, None])), max_size=300)
# Shares of frames lost and whether the processor is hot, each for some looks.
weathers = st.lists(
    st.tuples(st.sampled_from([0.0, 0.03, 0.1, 0.3, 0.9]), st.booleans(), st.integers(1, 60)), max_size=20
)


class Scene:
    """Frames of a camera, looked at every PERIOD."""

    def __init__(self, threads=4):
        self.pressure = Pressure(threads)
        self.now = 1000.0
        self._offered = self._processed = 0.0

    def pass_by(self, lost, heated=False, seconds=PERIOD):
        """The level after some seconds in which a share of the frames was lost."""
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            self._offered += FPS * PERIOD
            self._processed += FPS * PERIOD * (1 - lost)
            counts = Counts(int(self._offered), int(self._processed))
            self.pressure.update(self.now, counts, heated)
        return self.pressure.level


@settings(deadline=None)
@given(feelings, st.integers(0, 5))
def test_a_ladder_stays_within_its_ends_and_goes_one_step_at_a_time(felt, top):
    ladder, now, before = Ladder(top, 5, 30), 0.0, 0
    for apart, pressed in felt:
        now += apart
        changed = ladder.update(now, pressed)
        assert 0 <= ladder.level <= top
        assert abs(ladder.level - before) == changed
        before = ladder.level


@settings(deadline=None)
@given(feelings)
def test_a_ladder_never_comes_down_faster_than_its_calm_time_nor_goes_up_unpressed(felt):
    ladder, now, before = Ladder(3, 5, 30), 0.0, 0
    changed, calm_since = -1e9, None
    for apart, pressed in felt:
        now += apart
        calm_since = None if pressed is not False else (now if calm_since is None else calm_since)
        calm = ladder.calm
        assert 30 <= calm <= 30 * LONGEST_CALM
        if ladder.update(now, pressed):
            if ladder.level < before:
                assert calm_since is not None
                assert now - max(changed, calm_since) >= 30 - SHORT
            else:
                assert pressed
                assert now - changed >= 5 - SHORT
            changed = now
        before = ladder.level


def test_a_step_back_that_does_not_hold_is_tried_less_and_less_often():
    ladder, now, lowered = Ladder(1, 5, 30), 0.0, []
    for _ in range(20_000):
        now += 1.0
        # Too much without the step, calm with it.
        if ladder.update(now, ladder.level == 0) and ladder.level == 0:
            lowered.append(now)
    apart = [later - sooner for sooner, later in itertools.pairwise(lowered)]
    assert apart == sorted(apart)
    assert apart[-1] >= 30 * LONGEST_CALM
    for _ in range(5000):  # now it holds
        now += 1.0
        ladder.update(now, False)
    assert (ladder.level, ladder.calm) == (0, 30)


@settings(deadline=None, max_examples=50)
@given(weathers, st.integers(1, 8))
def test_levels_are_bounded_and_every_step_has_its_words(weather, threads):
    scene = Scene(threads)
    top = len(PACE) - 1 + len(fewer_threads(threads)) - 1
    for lost, heated, looks in weather:
        for _ in range(looks):
            level = scene.pass_by(lost, heated)
            adaptation, steps = scene.pressure.adaptation, scene.pressure.steps
            assert 0 <= level <= top
            assert bool(level) == bool(steps)
            assert 1 <= adaptation.threads <= threads
            assert adaptation.side_factor in (1.0, 0.75, 0.5)


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans(), st.integers(1, 100))
def test_more_trouble_never_means_fewer_steps(lost, other, heated, hotter, looks):
    little, much = Scene(), Scene()
    low = little.pass_by(min(lost, other), heated and hotter, looks * PERIOD)
    high = much.pass_by(max(lost, other), heated or hotter, looks * PERIOD)
    assert low <= high
    less, more = little.pressure.adaptation, much.pressure.adaptation
    assert less.interval_factor <= more.interval_factor
    assert less.side_factor >= more.side_factor
    assert less.threads >= more.threads


def test_each_step_takes_away_more():
    for (interval, side), (longer, smaller) in itertools.pairwise(PACE):
        assert longer >= interval
        assert smaller <= side
        assert (longer, smaller) != (interval, side)


def test_a_machine_that_keeps_up_is_left_alone():
    scene = Scene()
    assert scene.pass_by(0.1, seconds=600) == 0
    assert scene.pressure.steps == ()


def test_one_that_does_not_keep_up_takes_all_steps_and_takes_them_back():
    scene = Scene()
    assert scene.pass_by(0.5, seconds=PACE_SETTLE + 4 * PERIOD) == 1
    assert scene.pressure.steps == ("looks at the whole picture up to 2 times as seldom",)
    assert scene.pass_by(0.5, seconds=60) == len(PACE) - 1
    assert scene.pressure.steps[-1] == "detector's picture at 50% of its size"
    assert scene.pass_by(0.0, seconds=WINDOW + PACE_CALM) == len(PACE) - 2
    assert scene.pass_by(0.0, seconds=300) == 0


def test_heat_takes_threads_and_nothing_else():
    scene = Scene(threads=3)
    assert scene.pass_by(0.0, heated=True, seconds=60) == 1
    assert scene.pressure.steps == ("1 of 3 threads",)
    assert scene.pressure.adaptation == edge.health.pressure.Adaptation(1, 1.0, 1)
    assert scene.pass_by(0.0, seconds=HEAT_CALM + 2 * PERIOD) == 0


def test_a_single_thread_cannot_become_fewer():
    assert Scene(threads=1).pass_by(0.0, heated=True, seconds=600) == 0


@pytest.mark.parametrize("frames", [0, 1])
def test_too_few_frames_say_nothing(frames):
    """A camera that is down or paused, or one photograph every two seconds."""
    pressure = Pressure(4)
    for look in range(100):
        pressure.update(1000 + look * PERIOD, Counts(frames * look, 0), False)
    assert pressure.level == 0


def test_frames_missed_while_all_of_mien_stood_still_do_not_count():
    flow = Flow()
    for second in range(10):
        flow.note(second, Counts(25 * second, 25 * second))
    flow.note(29, Counts(25 * 29, 25 * 9))
    assert flow.lost() is None
    flow.note(31, Counts(25 * 31, 25 * 11))
    assert flow.lost() == 0


def test_counts_that_begin_anew_do_not_look_like_loss():
    flow = Flow()
    flow.note(0, Counts(5000, 5000))
    flow.note(2, Counts(0, 0))
    flow.note(4, Counts(50, 50))
    assert flow.lost() == 0


def test_frames_that_were_overtaken_count_though_nobody_offered_more():
    flow = Flow()
    flow.note(0, Counts(0, 0, 0))
    flow.note(4, Counts(100, 100, 40))
    assert flow.lost() == pytest.approx(0.4)


def test_examples():
    for module in (edge.health.pressure, edge.health.throttling):
        assert doctest.testmod(module).failed == 0
