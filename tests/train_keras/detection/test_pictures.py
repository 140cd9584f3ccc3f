import numpy as np
import pytest
from drawn_faces import drawn_face
from hypothesis import given
from hypothesis import strategies as st

from train_keras.detection.pictures import (
    BOX,
    FACE,
    IGNORED,
    KIND,
    POINTS,
    face_rows,
    mirrored,
    moved,
    settle,
    sides,
)


def test_mirrored_twice_is_the_same():
    faces = drawn_face().faces
    assert mirrored(mirrored(faces, 100), 100) == pytest.approx(faces)


def test_mirrored_eyes_change_places():
    faces = drawn_face(width=100).faces
    left, right = mirrored(faces, 100)[0, POINTS].reshape(5, 2)[:2]
    assert left[0] < right[0]


@given(st.floats(0.2, 5), st.floats(0.2, 5), st.floats(-50, 50), st.floats(-50, 50))
def test_moved_and_back(sx, sy, dx, dy):
    faces = drawn_face().faces
    there = moved(faces, (sx, sy), (dx, dy))
    assert moved(there, (1 / sx, 1 / sy), (-dx / sx, -dy / sy)) == pytest.approx(faces, abs=1e-2)


def test_settle():
    boxes = np.float32([[10, 10, 30, 30], [-15, 0, 5, 20], [10, 10, 14, 14], [200, 0, 220, 20]])
    settled = settle(face_rows(boxes), 100, 80, least=8)
    assert settled[:, KIND].tolist() == [FACE, IGNORED, IGNORED]
    assert settled[1, BOX].tolist() == [0, 0, 5, 20]
    assert settle(face_rows(boxes[:0]), 100, 80, least=8).shape == (0, 17)


def test_sides_of_none():
    assert sides(face_rows(np.zeros((0, 4), np.float32))).shape == (0,)
