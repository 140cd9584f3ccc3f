import doctest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.detectors.boxes
from edge.detectors.boxes import areas, iou, suppress

coordinate = st.integers(-8, 24).map(lambda value: value / 2)
box = st.tuples(coordinate, coordinate, coordinate, coordinate)
scored = st.lists(st.tuples(box, st.integers(0, 5).map(float)), max_size=12)
F = np.float32


def slow_iou(a, b):
    across = max(F(0), min(a[2], b[2]) - max(a[0], b[0]))
    down = max(F(0), min(a[3], b[3]) - max(a[1], b[1]))
    shared = across * down
    return shared, slow_area(a) + slow_area(b) - shared


def slow_area(box):
    return max(F(0), box[2] - box[0]) * max(F(0), box[3] - box[1])


def slow_suppress(boxes, scores, overlap):
    kept = []
    for index in sorted(range(len(boxes)), key=lambda index: -scores[index]):
        pairs = [slow_iou(boxes[other], boxes[index]) for other in kept]
        if all(shared <= overlap * union for shared, union in pairs):
            kept.append(index)
    return kept


@settings(deadline=None)
@given(scored, st.sampled_from([0.3, 0.45, 0.6]))
def test_suppression_does_what_plain_loops_do(faces, overlap):
    boxes = np.array([sides for sides, _ in faces], F).reshape(-1, 4)
    scores = np.array([score for _, score in faces], F)
    assert suppress(boxes, scores, overlap) == slow_suppress(boxes, scores, overlap)


@settings(deadline=None)
@given(scored)
def test_overlaps_are_what_plain_loops_say(faces):
    boxes = np.array([sides for sides, _ in faces], F).reshape(-1, 4)
    overlaps = iou(boxes, boxes)
    assert areas(boxes).tolist() == [slow_area(box) for box in boxes]
    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes):
            shared, union = slow_iou(a, b)
            assert abs(overlaps[i, j] - (shared / union if union > 0 else 0)) < 1e-6


def test_suppression_keeps_the_surest_of_overlapping_boxes():
    boxes = np.float32([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    assert suppress(boxes, np.float32([0.6, 0.9, 0.7]), 0.3) == [1, 2]
    assert suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.3) == []


def test_suppression_ends_at_the_most_faces_there_may_be():
    boxes = np.float32([[x, 0, x + 1, 1] for x in range(0, 100, 2)])
    scores = np.linspace(0, 1, 50, dtype=np.float32)
    assert suppress(boxes, scores, 0.3, most=3) == [49, 48, 47]
    assert len(suppress(boxes, scores, 0.3)) == 50


def test_examples():
    assert doctest.testmod(edge.detectors.boxes).failed == 0
