import importlib.util

import numpy as np
import pytest

from edge.errors import DataError
from edge.labels import MASK_STATES
from train_keras.data.faces import Split
from train_keras.data.ferplus import read_ferplus
from train_keras.data.masked_faces import PhotoSplit, copies, read_masked_faces
from train_keras.detection import pseudo
from train_keras.detection.pictures import EXACT, KNOWN, MARKED, POINTS, STATE
from train_keras.detection.sources import box_around, five_points, painted_pictures, read_sources
from train_keras.occlusion import masked
from train_keras.recipe import DetectionData


def test_five_points_and_box_by_hand():
    points = np.zeros((68, 2), np.float32)
    points[:17] = [[x, 30 + 40 * (1 - abs(x - 50) / 50)] for x in np.linspace(0, 100, 17)]
    points[36:42], points[42:48], points[30] = (30, 35), (70, 35), (50, 50)
    points[48], points[54] = (38, 60), (62, 60)
    points[17:36] = points[30]
    points[31:36] = points[30]
    points[49:54] = points[55:] = (50, 60)
    points[20] = 50, 20
    assert five_points(points).tolist() == [[30, 35], [70, 35], [50, 50], [38, 60], [62, 60]]
    assert box_around(points).tolist() == pytest.approx([0, 14, 100, 70])


def test_painted_pictures(shared, tmp_path, monkeypatch):
    """Every face once under a mask worn well and once under one that leaves the nose free."""
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("face_recognition_models (dlib's 68 points) is not installed: requirements-masks.txt")
    monkeypatch.setattr(masked, "CACHE", tmp_path)
    faces = read_ferplus(shared / "fer2013.npz", shared / "ferplus.npz").split(Split.TRAINING).images[:8]
    pictures = painted_pictures(faces, 1)
    assert len(pictures) >= 8
    states = [MASK_STATES[int(picture.faces[0, STATE])] for picture in pictures]
    assert states[::2] == ["mask"] * (len(states) // 2)
    assert states[1::2] == ["mask_worn_incorrectly"] * (len(states) // 2)
    for well, badly in zip(pictures[::2], pictures[1::2], strict=True):
        assert (well.faces[0, POINTS] == badly.faces[0, POINTS]).all()
        assert not np.array_equal(well.image, badly.image)
        assert well.image.shape == (48, 48, 3)
    assert painted_pictures(faces[:0], 1) == []


def test_missing_data(tmp_path):
    with pytest.raises(DataError, match="missing"):
        read_sources(DetectionData(photos=tmp_path / "none.zip"), 1)


def test_published_sets(shared, tmp_path, monkeypatch):
    """A few of each: no photograph of another split, states where they are known."""
    monkeypatch.setattr(pseudo, "CACHE", tmp_path)
    data = DetectionData(
        photos=shared / "masked_faces.zip",
        crops=shared / "mask_crops.zip",
        lfw=shared / "lfw_expressions.zip",
        fer2013=shared / "fer2013.npz",
        ferplus=shared / "ferplus.npz",
        teacher=shared.parent / "weights" / "yunet_n_640_640.onnx",
        crop_faces=12,
        lfw_faces=9,
        fer_faces=40,
        painted_faces=0,
        limit=8,
    )
    sources, watched = read_sources(data, 1)
    assert len(sources.photos) == 8
    assert len(watched) == 8
    test = read_masked_faces(data.photos, PhotoSplit.TEST)
    training = [photo.image for photo in sources.photos]
    assert not copies(training, [photo.image for photo in test] + [photo.image for photo in watched]).any()
    crops, bare, *fer = (pool for _, pool in sources.crops)
    assert sum(map(len, fer)) == 40
    assert all(picture.faces[0, MARKED] for picture in fer[0])
    marked = [picture.faces[:, MARKED] for picture in (*crops, *bare, *fer[0])]
    assert set(np.concatenate(marked)) <= {0, EXACT}
    assert {mark for photo in sources.photos for mark in photo.faces[:, MARKED]} <= {0, KNOWN}
    assert 6 <= len(crops) <= 12
    assert {MASK_STATES[int(state)] for crop in crops for state in crop.faces[:, STATE] if state >= 0} == {
        "mask",
        "no_mask",
    }
    assert all(MASK_STATES[int(face.faces[:, STATE].max())] == "no_mask" for face in bare)
