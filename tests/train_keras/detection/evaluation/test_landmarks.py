import numpy as np
import pytest

from edge.types import Face
from train_keras.detection.evaluation.landmarks import compare
from train_keras.detection.evaluation.scenes import Scene

MARKS = np.array([[20, 30], [40, 30], [30, 40], [22, 50], [38, 50]], np.float32)
BOX = np.array([0, 0, 60, 60], np.float32)
SCENE = Scene("a.jpg", np.zeros((100, 100, 3), np.uint8), BOX[None], np.array([1]))
REFERENCE = [[Face(BOX, 0.9, MARKS)]]


def compared(ours, reference=REFERENCE, minimum=40):
    return compare([SCENE], ours, reference, minimum)


def test_by_hand():
    distances = compared([[Face(BOX, 0.6, MARKS + np.float32([3, 4]))]])
    assert distances.plain.tolist() == pytest.approx([5 / 20])
    assert distances.guarded.tolist() == pytest.approx([5 / 20])
    assert distances.states.tolist() == [1]
    assert distances.sizes.tolist() == [60]


def test_in_profile_only_the_guarded_distance_stays_small():
    marks = MARKS.copy()
    marks[1] = marks[0] + np.float32([1, 0])
    distances = compared([[Face(BOX, 0.6, marks + np.float32([0, 3]))]], [[Face(BOX, 0.9, marks)]])
    assert distances.plain.tolist() == pytest.approx([3])
    assert distances.guarded.tolist() == pytest.approx([3 / 15])


@pytest.mark.parametrize(
    "ours",
    [
        [],
        [Face(BOX, 0.6)],  # no landmarks
        [Face(BOX + np.float32([70, 0, 70, 0]), 0.6, MARKS)],  # elsewhere
        [Face(BOX + np.float32([0, 25, 0, 25]), 0.6, MARKS)],  # found, but by another box
    ],
)
def test_only_faces_that_both_found(ours):
    assert len(compared([ours]).plain) == 0


def test_only_faces_that_count():
    assert len(compared(REFERENCE, minimum=61).plain) == 0
    assert compared(REFERENCE).plain.tolist() == [0]
