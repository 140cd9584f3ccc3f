import pytest

from edge.detectors import open_detector


def test_hog_finds_the_bare_face(images):
    pytest.importorskip("dlib")
    detector = open_detector("hog", 640)
    found = [detector.detect(image) for image in images[:4]]
    assert sum(bool(faces) for faces in found) >= 3
    assert all(face.landmarks is None and face.score >= 0.5 for faces in found for face in faces)
