import shutil

import numpy as np
import pytest

from edge.alignment import CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.faces import Split
from train_keras.data.fedro import read_fedro

NAMES = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neural")


@pytest.fixture
def fedro(write, tmp_path):
    for number, name in enumerate(NAMES):
        write(tmp_path / "FED_RO" / name / "1.jpg", 30 * number)
    return tmp_path / "FED_RO"


def test_classes(fedro):
    for path in (fedro, fedro.parent):
        faces = read_fedro(path, 9)
        assert sorted(faces.classes.tolist()) == list(range(len(LABELS)))
        assert abs(faces.images[:, 4, 4].astype(int) - 30 * faces.classes).max() <= 2
        assert (faces.splits == Split.TRAINING).all()
        assert faces.identities is None


def test_scenes_are_cropped(fedro, write, scene):
    write(fedro / "anger" / "0.png", scene)
    crop = read_fedro(fedro, 48).images[0]
    found = open_detector("facet").detect(scene)[0]
    assert np.array_equal(crop, crop_face(scene, found, CropGeometry(48)))


def test_half_copied(fedro):
    shutil.rmtree(fedro / "neural")
    with pytest.raises(
        DataError, match="neutral is missing or holds no pictures: expected the folders anger"
    ):
        read_fedro(fedro)


def test_unknown_class_and_missing(fedro, tmp_path):
    (fedro / "laughter").mkdir()
    with pytest.raises(DataError, match="laughter is no known class"):
        read_fedro(fedro)
    with pytest.raises(DataError, match="nowhere is missing"):
        read_fedro(tmp_path / "nowhere")
