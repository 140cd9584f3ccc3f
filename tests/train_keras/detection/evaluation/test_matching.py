import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train_keras.detection.evaluation.matching import FALSE, HALF, IGNORED, NOBODY, match
from train_keras.detection.evaluation.scenes import longer_sides

MINIMUM = 40


def square(x, y, side):
    return [x, y, x + side, y + side]


def matched(faces, boxes, **more):
    faces, boxes = (np.array(rows, np.float32).reshape(-1, 4) for rows in (faces, boxes))
    found = match(faces, boxes, MINIMUM, **more)
    return found.truths.tolist(), found.finders.tolist()


def test_each_face_is_found_once():
    truths, finders = matched([square(0, 0, 50), square(100, 0, 50)], [square(101, 0, 50), square(2, 2, 50)])
    assert truths == [1, 0]
    assert finders == [1, 0]


def test_a_second_box_on_a_found_face_is_false():
    assert matched([square(0, 0, 50)], [square(5, 0, 50), square(0, 0, 50)]) == ([0, FALSE], [0])


def test_the_surer_box_takes_the_face_it_lies_on_best():
    faces = [square(0, 0, 50), square(20, 0, 50)]
    truths, finders = matched(faces, [square(15, 0, 50), square(18, 0, 50)])
    assert truths == [1, 0]
    assert finders == [1, 0]


def test_an_unmatched_box_is_false_only_from_the_limit_on():
    assert matched([], [square(0, 0, 40), square(100, 0, 39)])[0] == [FALSE, IGNORED]


def test_a_small_face_is_nobodys_loss_and_a_box_on_it_nobodys_fault():
    small = [square(0, 0, 39)]
    assert matched(small, []) == ([], [NOBODY])
    assert matched(small, [square(0, 0, 41), square(0, 0, 38)]) == ([IGNORED, IGNORED], [NOBODY])
    assert matched(small, [square(0, 0, 90)])[0] == [FALSE]  # it touches the face only a little


def test_a_box_below_the_limit_still_finds_a_face_above_it():
    assert matched([square(0, 0, 41)], [square(1, 1, 38)]) == ([0], [0])


def test_a_face_that_counts_comes_before_one_that_does_not():
    faces = [square(0, 0, 39), square(15, 0, 40)]
    assert matched(faces, [square(3, 0, 40), square(2, 0, 40)]) == ([1, IGNORED], [NOBODY, 0])


@pytest.mark.parametrize(("side", "found"), [(50, True), (49, False)])
def test_half_includes_half(side, found):
    truths, _ = matched([[0, 0, 100, 100]], [[0, 0, 100, side]], overlap=HALF)
    assert (truths == [0]) is found


def overlap(a, b):
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = wide * high
    both = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - shared
    return shared / both if both else 0.0


def slow_match(faces, boxes, minimum, least):
    """The rule, one question after the other."""
    truths, finders = [], [NOBODY] * len(faces)
    for number, box in enumerate(boxes):
        best, best_overlap = None, least
        for i, face in enumerate(faces):
            counts = max(face[2] - face[0], face[3] - face[1]) >= minimum
            if counts and finders[i] == NOBODY and overlap(box, face) > best_overlap:
                best, best_overlap = i, overlap(box, face)
        if best is not None:
            finders[best] = number
            truths.append(best)
            continue
        small_box = max(box[2] - box[0], box[3] - box[1]) < minimum
        on_small_face = any(
            max(face[2] - face[0], face[3] - face[1]) < minimum and overlap(box, face) > 0.3 for face in faces
        )
        truths.append(IGNORED if small_box or on_small_face else FALSE)
    return truths, finders


# Few sizes and a coarse grid: overlaps, duplicates and ties are common.
BOXES = st.lists(
    st.builds(square, st.integers(0, 60), st.integers(0, 60), st.sampled_from([16, 32, 48, 64])), max_size=7
)


@given(BOXES, BOXES, st.sampled_from([20, 40]), st.sampled_from([0.3, 0.5]))
@settings(deadline=None)
def test_like_the_slow_rule(faces, boxes, minimum, least):
    arrays = [np.array(rows, np.float32).reshape(-1, 4) for rows in (faces, boxes)]
    pairs = [overlap(box, face) for box in boxes for face in faces]
    if any(abs(value - limit) < 1e-5 for value in pairs for limit in (0.3, 0.5)):
        return
    found = match(*arrays, minimum, least)
    assert (found.truths.tolist(), found.finders.tolist()) == slow_match(faces, boxes, minimum, least)


@given(BOXES, BOXES)
@settings(deadline=None)
def test_the_tail_changes_nothing_before_it(faces, boxes):
    arrays = [np.array(rows, np.float32).reshape(-1, 4) for rows in (faces, boxes)]
    whole = match(*arrays, MINIMUM)
    head = match(arrays[0], arrays[1][:3], MINIMUM)
    assert head.truths.tolist() == whole.truths[:3].tolist()


def test_sides():
    assert longer_sides(np.zeros((0, 4), np.float32)).shape == (0,)
