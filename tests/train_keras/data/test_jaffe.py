import cv2
import numpy as np
import pytest

from edge.alignment import CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.jaffe import EXPRESSIONS, read_jaffe


@pytest.fixture
def jaffe(write, tmp_path):
    number = 1
    for person in ("KA", "YM"):
        for code in EXPRESSIONS:
            for take in (1, 2):
                write(tmp_path / "jaffedbase" / f"{person}.{code}{take}.{number}.tiff", number)
                number += 1
    (tmp_path / "jaffedbase" / "README").write_text("about")
    return tmp_path / "jaffedbase"


def test_names(jaffe):
    for path in (jaffe, jaffe.parent):
        faces = read_jaffe(path, 10)
        assert len(faces) == 28
        assert np.bincount(faces.classes).tolist() == [4] * 7
        assert faces.identities.tolist() == ["KA"] * 14 + ["YM"] * 14
        last = int(faces.images[:, 5, 5].argmax())
        assert LABELS[faces.classes[last]] == "surprise"


def test_grey_heads_are_cropped(jaffe, write, head):
    grey = cv2.resize(cv2.cvtColor(head, cv2.COLOR_BGR2GRAY), (256, 290))[17:273]
    write(jaffe / "KA.AN1.1.tiff", grey)
    crop = read_jaffe(jaffe, 48).images[0]
    found = open_detector("facet").detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[0]
    assert np.array_equal(crop, crop_face(grey, found, CropGeometry(48)))


@pytest.mark.parametrize("name", ["KA.XX1.3.tiff", "KA.AN1.tiff", "KAAN139.tif", "K.AN1.39.tiff"])
def test_other_names(name, jaffe, write):
    write(jaffe / name, 1)
    with pytest.raises(DataError, match=rf"{name} is no name of JAFFE's: expected pictures such as KA\.AN1"):
        read_jaffe(jaffe)


def test_half_copied(jaffe):
    for file in jaffe.glob("YM.SA*"):
        file.unlink()
    with pytest.raises(DataError, match=r"YM\.SA\*\.tiff is missing: expected pictures such as"):
        read_jaffe(jaffe)


def test_undecodable(jaffe):
    (jaffe / "KA.AN1.1.tiff").write_bytes(b"II*\x00")
    with pytest.raises(DataError, match=r"KA\.AN1\.1\.tiff cannot be decoded"):
        read_jaffe(jaffe)


def test_empty_and_missing(tmp_path):
    with pytest.raises(DataError, match="holds no pictures"):
        read_jaffe(tmp_path)
    with pytest.raises(DataError, match="nowhere is missing"):
        read_jaffe(tmp_path / "nowhere")
