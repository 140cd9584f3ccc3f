from dataclasses import replace

import numpy as np

from edge.labels import LABELS
from train_keras.data.faces import Faces, joined


def faces_of(levels, first_row=0):
    count = len(levels)
    images = np.array(levels, np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    rows = np.arange(first_row, first_row + count)
    return Faces(images, np.eye(7, dtype=np.float32)[np.arange(count) % 7], np.zeros(count, np.int8), rows)


def test_choosing_keeps_the_columns_together():
    faces = faces_of([10, 20, 30, 40])
    for chosen in (faces[np.array([3, 1])], faces[np.array([False, True, False, True])][::-1]):
        assert chosen.images[:, 0, 0].tolist() == [40, 20]
        assert chosen.rows.tolist() == [3, 1]
        assert chosen.classes.tolist() == [3, 1]
        assert len(chosen) == 2


def test_people_stay_with_their_faces():
    faces = replace(faces_of([10, 20, 30]), identities=np.array(["Ann", "Bob", "Cid"]))
    assert faces[np.array([2, 0])].identities.tolist() == ["Cid", "Ann"]
    assert faces.without_copies_of(faces_of([20])).identities.tolist() == ["Ann", "Cid"]
    assert faces_of([10])[:1].identities is None
    assert faces.labels == LABELS


def test_copies_are_left_out():
    faces, others = faces_of([10, 20, 30, 20]), faces_of([20, 50], first_row=100)
    assert faces.without_copies_of(others).rows.tolist() == [0, 2]
    assert len(faces.without_copies_of(faces)) == 0


def test_sets_one_after_the_other():
    named = replace(faces_of([10, 20]), identities=np.array(["Ann", "Bob"]))
    more = replace(faces_of([30], first_row=5), identities=np.array(["Cid"]))
    both = joined([named, more])
    assert both.images[:, 0, 0].tolist() == [10, 20, 30]
    assert both.rows.tolist() == [0, 1, 5]
    assert both.identities.tolist() == ["Ann", "Bob", "Cid"]
    assert joined([named, faces_of([30])]).identities is None, "who is in the second is not known"
    assert joined([named]) is named
