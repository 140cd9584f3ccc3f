import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.types import Face
from train_keras.detection.evaluation.scenes import Scene
from train_keras.detection.evaluation.scores import Tally, tally

MASK, BARE = 0, 1


def box(x, side=50):
    return np.array([x, 0, x + side, side], np.float32)


def scene(*faces):
    boxes = np.array([box(x, side) for x, side, _ in faces], np.float32).reshape(-1, 4)
    states = np.array([state for *_, state in faces], np.int64)
    return Scene("a.jpg", np.zeros((100, 600, 3), np.uint8), boxes, states)


def made(found, false, pictures=1):
    found, false = np.array(found, np.float32), np.array(false, np.float32)
    here, there = (np.zeros(len(scores), np.int64) for scores in (found, false))
    sizes = np.full(len(found), 50, np.float32)
    return Tally(pictures, here, sizes, here, found, false, there, np.ones(len(false), bool))


@pytest.fixture
def small():
    """Two pictures: a masked, a bare and a small face; two faces found, two false boxes, one ignored."""
    scenes = [scene((0, 50, MASK), (100, 50, BARE), (200, 30, MASK)), scene((0, 80, MASK))]
    found = [
        [Face(box(0), 0.9), Face(box(300), 0.8), Face(box(100), 0.7), Face(box(200, 30), 0.6)],
        [Face(box(200), 0.5)],
    ]
    witnesses = [np.array([box(302)], np.float32), np.zeros((0, 4), np.float32)]
    return tally(scenes, found, 40, witnesses=witnesses)


def test_faces_and_false_boxes(small):
    assert small.states.tolist() == [MASK, BARE, MASK]
    assert small.sizes.tolist() == [50, 50, 80]
    assert small.where.tolist() == [0, 0, 1]
    assert small.found.tolist() == pytest.approx([0.9, 0.7, -np.inf])
    assert small.false.tolist() == pytest.approx([0.8, 0.5])
    assert small.false_where.tolist() == [0, 1]
    assert small.alone.tolist() == [False, True]


@pytest.mark.parametrize(
    ("threshold", "recall", "masked", "false", "alone"),
    [(0.95, 0, 0, 0, 0), (0.9, 1 / 3, 1 / 2, 0, 0), (0.75, 1 / 3, 1 / 2, 1, 0), (0.3, 2 / 3, 1 / 2, 2, 1)],
)
def test_at_thresholds(small, threshold, recall, masked, false, alone):
    threshold = float(np.float32(threshold))
    assert small.recall(threshold) == pytest.approx(recall)
    assert small.recall(threshold, small.states == MASK) == pytest.approx(masked)
    assert small.false_boxes(threshold) == false
    assert small.false_boxes(threshold, alone=True) == alone


def test_no_faces_no_recall(small):
    nobody = np.zeros(3, bool)
    assert np.isnan(small.recall(0.5, nobody))
    assert np.isnan(small.average_precision(nobody))


def test_nothing_at_all():
    empty = tally([scene()], [[]], 40)
    assert empty.false_boxes(0) == 0
    assert empty.threshold_for(0) == 0
    assert made([-np.inf, -np.inf], []).average_precision() == 0


def test_threshold_for_a_number_of_false_boxes():
    some = made([0.9], [0.8, 0.6, 0.6, 0.2])
    assert some.threshold_for(4) == 0
    assert some.false_boxes(some.threshold_for(3)) == 3
    assert some.false_boxes(some.threshold_for(2)) == 1  # of two equal scores neither can be had alone
    assert some.false_boxes(some.threshold_for(0)) == 0
    assert some.threshold_for(0) == pytest.approx(0.8)


def test_threshold_for_a_number_of_false_boxes_that_nobody_else_has(small):
    assert small.threshold_for(0) == pytest.approx(0.8)
    assert small.threshold_for(0, alone=True) == pytest.approx(0.5)
    assert small.threshold_for(1, alone=True) == 0


@pytest.mark.parametrize(
    ("found", "false", "expected"),
    [
        ([0.9, 0.8], [0.1], 1.0),
        ([0.9, -np.inf], [], 0.5),
        ([0.5], [0.9], 1 / 2),
        ([0.9, 0.3], [0.8], (1 + 2 / 3) / 2),
        ([0.9, 0.7, 0.6, -np.inf], [0.8], (1 + 3 / 4 + 3 / 4) / 4),  # the best precision further on counts
        ([0.5, 0.5], [0.5], 2 / 3),  # equal scores come together
    ],
)
def test_average_precision_by_hand(found, false, expected):
    assert made(found, false).average_precision() == pytest.approx(expected)


def test_average_precision_of_some_faces_leaves_the_others_out(small):
    assert small.average_precision(small.states == MASK) == pytest.approx(1 / 2)
    assert small.average_precision(small.states == BARE) == pytest.approx(1 / 2)


def slow_average_precision(found, false):
    """For every thousandth of recall the best precision that reaches it; exact for few faces."""
    points = []
    for threshold in {*found, *false} - {-np.inf}:
        right = sum(score >= threshold for score in found)
        wrong = sum(score >= threshold for score in false)
        points.append((right / len(found), right / (right + wrong)))
    area = 0.0
    for step in range(1, len(found) + 1):
        reached = [precision for recall, precision in points if recall >= step / len(found) - 1e-9]
        area += max(reached, default=0) / len(found)
    return area


SCORES = st.integers(1, 20).map(lambda n: float(np.float32(n / 20)))


@given(st.lists(st.one_of(SCORES, st.just(-np.inf)), min_size=1, max_size=12), st.lists(SCORES, max_size=12))
@settings(deadline=None)
def test_average_precision_like_the_slow_one(found, false):
    assert made(found, false).average_precision() == pytest.approx(slow_average_precision(found, false))


@given(st.lists(SCORES, min_size=1, max_size=12), st.lists(SCORES, max_size=12))
@settings(deadline=None)
def test_recall_curve_is_recall_at_every_threshold(found, false):
    some = made([*found, -np.inf], false, pictures=3)
    rates, recalls = some.recall_curve()
    thresholds = sorted({*found, *false}, reverse=True)
    assert rates.tolist() == pytest.approx([some.false_boxes(t) / 3 for t in thresholds])
    assert recalls.tolist() == pytest.approx([some.recall(t) for t in thresholds])
