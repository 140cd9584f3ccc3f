import doctest

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import edge.tracking
from edge.tracking import Tracker, pair
from edge.types import Face

boxes = st.tuples(
    st.floats(0, 600, width=32),
    st.floats(0, 400, width=32),
    st.floats(1, 200, width=32),
    st.floats(1, 200, width=32),
).map(lambda b: np.float32([b[0], b[1], b[0] + b[2], b[1] + b[3]]))
frames = st.lists(st.lists(boxes, max_size=5), max_size=12)


def face(x, y=100.0, side=80.0):
    return Face(np.float32([x, y, x + side, y + side]), 0.9)


@given(frames, st.floats(0.01, 2.0))
def test_numbers_are_unique_in_a_frame_and_never_come_back(sequence, step):
    tracker = Tracker(survive=0.5)
    begun = set()
    for index, found in enumerate(sequence):
        alive = tracker.alive
        numbers = tracker.update([Face(box, 0.9) for box in found], index * step)
        assert len(set(numbers)) == len(numbers) == len(found)
        assert all(number >= 1 for number in numbers)
        fresh = set(numbers) - alive
        assert not fresh & begun
        assert fresh == set(range(len(begun) + 1, len(begun) + 1 + len(fresh)))
        begun |= fresh
        assert set(numbers) <= tracker.alive


@given(st.lists(boxes, min_size=1, max_size=4))
def test_a_still_picture_keeps_its_numbers_when_its_faces_do_not_overlap(found):
    apart = [Face(box + np.float32([i * 1000, 0, i * 1000, 0]), 0.9) for i, box in enumerate(found)]
    tracker = Tracker()
    first = tracker.update(apart, 0.0)
    assert all(tracker.update(apart, 0.1 * step) == first for step in range(1, 5))
    assert tracker.update(apart[::-1], 0.6) == first[::-1]


def test_a_face_keeps_its_number_through_motion_and_a_short_loss():
    tracker = Tracker(survive=1.0)
    for step in range(10):
        assert tracker.update([face(20.0 * step)], 0.1 * step) == [1]
    assert tracker.update([], 1.0) == []
    assert tracker.update([face(20.0 * 13)], 1.3) == [1]


def test_a_face_lost_for_long_is_a_new_one():
    tracker = Tracker(survive=1.0)
    assert tracker.update([face(0)], 0.0) == [1]
    assert tracker.update([face(0)], 1.5) == [2]
    assert tracker.alive == {2}


def test_two_faces_that_pass_each_other_keep_their_numbers():
    tracker = Tracker()
    for step in range(21):
        left, right = face(30.0 * step, y=100), face(600 - 30.0 * step, y=150)
        assert tracker.update([left, right], 0.05 * step) == [1, 2]


def test_a_fast_face_is_followed_though_its_boxes_do_not_overlap():
    tracker = Tracker()
    assert tracker.update([face(0, side=60)], 0.0) == [1]
    assert tracker.update([face(40, y=120, side=60)], 0.2) == [1]


@given(st.integers(0, 5), st.integers(0, 5), st.randoms(use_true_random=False))
def test_pairs_use_each_row_and_column_once(rows, columns, random):
    scores = np.float32([[1 - random.random() for _ in range(columns)] for _ in range(rows)]).reshape(
        rows, columns
    )
    pairs = pair(scores)
    assert len(pairs) == min(rows, columns)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_examples():
    assert doctest.testmod(edge.tracking).failed == 0
