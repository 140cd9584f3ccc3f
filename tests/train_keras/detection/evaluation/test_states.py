import numpy as np

from edge.labels import MASK_STATES
from edge.types import Face
from train_keras.detection.evaluation.scenes import Scene
from train_keras.detection.evaluation.states import state_confusion

BOXES = np.array([[0, 0, 50, 50], [100, 0, 150, 50], [200, 0, 230, 30]], np.float32)
SCENE = Scene("a.jpg", np.zeros((100, 300, 3), np.uint8), BOXES, np.array([0, 1, 2]))


def test_counts_matched_faces_by_truth_and_answer():
    faces = [
        Face(BOXES[0], 0.9, mask_state="mask_worn_incorrectly"),
        Face(BOXES[1], 0.8, mask_state="no_mask"),
    ]
    small = Face(BOXES[2], 0.7, mask_state="mask")
    confusion = state_confusion([SCENE, SCENE], [[*faces, small], faces[1:]], 40)
    assert confusion.tolist() == [[0, 0, 1], [0, 2, 0], [0, 0, 0]]
    assert len(MASK_STATES) == 3


def test_a_detector_that_tells_no_state():
    assert state_confusion([SCENE], [[Face(BOXES[0], 0.9)]], 40) is None
