"""Through YuNet itself, where its weights are at hand."""

import cv2
import numpy as np
import pytest

from edge.cameras.demo import DemoCamera
from edge.detectors.boxes import iou
from edge.errors import DataError
from edge.labels import MASK_STATES
from train_keras.data.masked_faces import Photo
from train_keras.detection import pseudo
from train_keras.detection.pictures import BOX, FACE, IGNORED, KIND, MARKED, POINTS, STATE
from train_keras.detection.pseudo import Teacher, complete, label_crops, label_photos, trimmed, unseen

NONE = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def teacher(shared):
    return Teacher(shared.parent / "weights" / "yunet_n_640_640.onnx")


@pytest.fixture(scope="module")
def frame():
    camera = DemoCamera()
    image = camera.read().image
    camera.close()
    return image


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pseudo, "CACHE", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def face(teacher, frame):
    """The frame's face as an annotator would have drawn it, float32 [4]."""
    return trimmed(teacher.find(frame, 640))[0]


def test_annotated_face_gets_landmarks(teacher, frame, face):
    rows = complete(Photo("a.jpg", frame, face[None], np.array([0])), teacher)
    assert len(rows) == 1
    assert rows[0, MARKED] == 1
    points = rows[0, POINTS].reshape(5, 2)
    assert (points > face[:2] - 10).all()
    assert (points < face[2:] + 10).all()
    assert points[0, 0] < points[1, 0]  # eyes, image left first
    assert points[:2, 1].max() < points[2, 1] < points[3:, 1].min()
    assert MASK_STATES[int(rows[0, STATE])] == "mask"  # as annotated, whatever it looks like


def test_face_nobody_annotated_is_found(teacher, frame, face):
    rows = complete(Photo("a.jpg", frame, NONE, np.zeros(0, np.int64)), teacher)
    assert rows[:, KIND].tolist() == [FACE]
    assert rows[0, STATE] == -1
    assert iou(rows[:, BOX], face[None])[0, 0] > 0.8


def test_annotation_yunet_does_not_see_stays_without_landmarks(teacher, frame, face):
    elsewhere = np.float32([[5, 5, 60, 70]])
    rows = complete(Photo("a.jpg", frame, elsewhere, np.array([1])), teacher)
    assert rows[0, BOX].tolist() == elsewhere[0].tolist()
    assert rows[0, MARKED] == 0
    assert len(rows) == 2  # and the real face


def test_unseen_keeps_each_face_once_and_doubts():
    found = np.zeros((3, 15), np.float32)
    found[:, :4] = [[10, 10, 50, 60], [11, 11, 51, 61], [100, 10, 140, 60]]
    found[:, 14] = [0.95, 0.9, 0.5]
    rows = unseen(found)
    assert rows[:, KIND].tolist() == [FACE, IGNORED]
    assert rows[:, MARKED].tolist() == [1, 0]


def test_crops(teacher, frame, face, cache):
    x0, y0, x1, y1 = face.astype(int)
    crop = frame[y0 - 20 : y1 + 10, x0 - 15 : x1 + 15]
    nothing = np.full((80, 80, 3), 128, np.uint8)
    pictures = label_crops("crops", [crop, nothing], [1, 1], teacher)
    assert len(pictures) == 1
    assert pictures[0].image is crop
    assert pictures[0].faces[0, STATE] == 1
    assert iou(pictures[0].faces[:, BOX], face[None] - np.float32([x0 - 15, y0 - 20] * 2))[0, 0] > 0.6


def test_framed_crops_stay(teacher, frame, face, cache):
    """A crop in which nobody is sure of a face keeps the usual box; boxes end where the crop does."""
    x0, y0, x1, y1 = face.astype(int)
    crop = frame[y0 + 4 : y1 + 10, x0 - 15 : x1 + 15]
    nothing = np.full_like(crop, 128)
    seen, unsure = label_crops("framed", [crop, nothing], [1, 1], teacher, framed=True)
    assert (seen.faces[0, MARKED], unsure.faces[0, MARKED]) == (1, 0)
    assert unsure.faces[0, STATE] == 1
    assert unsure.faces[0, BOX] == pytest.approx(seen.faces[0, BOX], abs=1)
    assert (seen.faces[:, BOX] >= 0).all()
    assert label_crops("framed", [nothing], [1], teacher, framed=True) == []  # no usual box
    assert label_crops("none", [], [], teacher) == []


def test_labels_are_kept(teacher, frame, face, cache):
    photos = [
        Photo("a.jpg", frame, face[None], np.array([0])),
        Photo("b.jpg", frame[::-1].copy(), NONE, NONE[:, 0]),
    ]
    first = label_photos(photos, teacher)
    assert len(list(cache.glob("pseudo-*.npz"))) == 1
    again = label_photos(photos, teacher)
    for ours, theirs in zip(first, again, strict=True):
        assert np.array_equal(ours.faces, theirs.faces)
    brighter = [Photo("a.jpg", cv2.add(frame, 5), face[None], np.array([0])), photos[1]]
    label_photos(brighter, teacher)
    assert len(list(cache.glob("pseudo-*.npz"))) == 2


def test_missing_weights(tmp_path, frame):
    with pytest.raises(DataError, match="YuNet"):
        Teacher(tmp_path / "none.onnx").find(frame, 320)
