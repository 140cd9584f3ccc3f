import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.labels import MASK_STATES
from edge.smoothing import MaskVote, Smoother
from edge.types import Face

answers = st.lists(st.floats(2**-10, 1, width=32), min_size=7, max_size=7).map(
    lambda values: (np.float32(values) / np.float32(values).sum()).astype(np.float32)
)
sequences = st.lists(st.tuples(answers, st.floats(0, 3)), min_size=1, max_size=15)


@settings(deadline=None)
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


@settings(deadline=None)
@given(answers, answers)
def test_a_change_comes_through_to_63_percent_in_one_time_constant_at_any_frame_rate(before, after):
    for steps in (1, 5, 30):
        smoother = Smoother(0.5)
        smoother.smooth(1, before, 0.0)
        for step in range(1, steps + 1):
            smooth = smoother.smooth(1, after, 0.5 * step / steps)
        assert smooth == pytest.approx(before + (1 - np.exp(-1)) * (after - before), abs=1e-4)


@settings(deadline=None)
@given(answers, answers)
def test_no_time_constant_means_no_smoothing(before, after):
    smoother = Smoother(0)
    smoother.smooth(1, before, 0.0)
    assert np.array_equal(smoother.smooth(1, after, 0.1), after)


def test_an_answer_weighs_the_less_the_sooner_it_comes():
    smoother = Smoother(0.4)
    assert smoother.weight(1, 0.0) == 1  # a new face
    smoother.smooth(1, np.full(7, 1 / 7, np.float32), 0.0)
    weights = [smoother.weight(1, now) for now in (0.0, 0.02, 0.1, 0.4, 100.0)]
    assert weights == pytest.approx([0, 0.049, 0.221, 0.632, 1], abs=1e-3)
    never = Smoother(0)
    never.smooth(1, np.full(7, 1 / 7, np.float32), 0.0)
    assert never.weight(1, 0.01) == 1


def test_tracks_do_not_mix_and_absent_ones_are_forgotten():
    smoother = Smoother(10.0)
    happy, sad = np.eye(7, dtype=np.float32)[[3, 4]]
    smoother.smooth(1, happy, 0.0)
    assert np.array_equal(smoother.smooth(2, sad, 0.0), sad)
    assert smoother.smooth(1, sad, 0.1)[3] > 0.9
    smoother.keep({2})
    assert np.array_equal(smoother.smooth(1, sad, 0.2), sad)
    assert smoother.smooth(2, happy, 0.2)[4] > 0.9


states = st.sampled_from(MASK_STATES)


def shown(vote: MaskVote, track: int, state: str | None, now: float) -> str | None:
    return vote.settle(track, Face(np.float32([0, 0, 9, 9]), 0.9, None, state), now).mask_state


@settings(deadline=None)
@given(st.lists(st.tuples(states, st.floats(0, 3)), min_size=1, max_size=30))
def test_the_mask_state_shown_is_one_that_was_seen(sequence):
    vote = MaskVote()
    now = 0.0
    seen = set()
    for state, pause in sequence:
        now += pause
        seen.add(state)
        assert shown(vote, 1, state, now) in seen


@settings(deadline=None)
@given(st.permutations(MASK_STATES), st.sampled_from([10, 25, 60]))
def test_a_flickering_mask_state_does_not_show(chosen, fps):
    vote = MaskVote(1.0)
    before = chosen[0]
    for step in range(3):
        assert shown(vote, 1, before, step / fps) == before
    for step in range(3, 200):
        assert shown(vote, 1, chosen[step % 2], step / fps) == before


@settings(deadline=None)
@given(st.permutations(MASK_STATES), st.sampled_from([10, 25, 60]))
def test_a_mask_put_on_shows_within_one_time_constant(chosen, fps):
    vote = MaskVote(1.0)
    before, after, _ = chosen
    for step in range(5 * fps):
        shown(vote, 1, before, step / fps)
    answers = [shown(vote, 1, after, 5 + step / fps) for step in range(fps + 2)]
    assert answers[0] == before
    assert answers[-1] == after
    assert answers == sorted(answers, key=[before, after].index)


def test_a_first_mask_state_that_was_wrong_is_soon_corrected():
    vote = MaskVote(1.0)
    answers = [shown(vote, 1, state, step / 25) for step, state in enumerate(["mask"] + ["no_mask"] * 3)]
    assert answers == ["mask", "mask", "no_mask", "no_mask"]


def test_tracks_vote_apart_and_absent_ones_are_forgotten():
    vote = MaskVote(10.0)
    for step in range(20):
        assert shown(vote, 1, "mask", step / 25) == "mask"
        assert shown(vote, 2, "no_mask", step / 25) == "no_mask"
    vote.keep({2})
    assert shown(vote, 1, "no_mask", 1.0) == "no_mask"
    assert shown(vote, 2, "mask", 1.0) == "no_mask"


def test_a_detector_that_does_not_tell_has_no_vote_and_the_face_is_never_changed():
    vote = MaskVote()
    assert shown(vote, 1, None, 0.0) is None
    mask = Face(np.float32([0, 0, 9, 9]), 0.9, None, "mask")
    assert vote.settle(1, mask, 0.1) is mask
    bare = Face(np.float32([0, 0, 9, 9]), 0.8, None, "no_mask")
    settled = vote.settle(1, bare, 0.2)
    assert (settled.mask_state, settled.score, bare.mask_state) == ("mask", 0.8, "no_mask")
    assert MaskVote(0).settle(1, bare, 0.3) is bare
