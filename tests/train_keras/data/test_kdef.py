import os

import numpy as np
import pytest

from edge.alignment import CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.kdef import EXPRESSIONS, PEOPLE, PUBLISHED_AS, read_kdef
from train_keras.data.pictures import decode


@pytest.fixture
def kdef(write, head, tmp_path):
    """All 980 frontal pictures, plain but for one, and four of the half profiles of one person."""
    root = tmp_path / "KDEF_and_AKDEF" / "KDEF"
    plain = write(tmp_path / "plain.jpg", 128)
    for session in "AB":
        for person in PEOPLE:
            folder = root / (session + person)
            folder.mkdir(parents=True)
            for code in EXPRESSIONS:
                os.link(plain, folder / f"{folder.name}{code}S.JPG")
    write(root / "BM07" / "new.jpg", head).replace(root / "BM07" / "BM07HAS.JPG")
    return root


def test_frontal_pictures_of_seventy_people(kdef):
    faces = read_kdef(kdef, 48)
    assert len(faces) == 980
    assert np.bincount(faces.classes).tolist() == [140] * 7
    assert len(set(faces.identities)) == 70
    (happy,) = np.flatnonzero(faces.images.std(axis=(1, 2)) > 5)
    assert LABELS[faces.classes[happy]] == "happy"
    assert faces.identities[happy] == "M07"
    photograph = decode(kdef / "BM07" / "BM07HAS.JPG")
    found = open_detector("facet").detect(photograph)[0]
    assert np.array_equal(faces.images[happy], crop_face(photograph, found, CropGeometry(48)))


def test_folders_above(kdef):
    for path in (kdef.parent, kdef.parent.parent):
        with pytest.raises(DataError, match="AFHL"):  # the right folder: what it lacks is told of
            read_kdef(path, angles=["HL"])


def test_pictures_under_unfinished_names(kdef, write):
    plain = kdef / "AF01" / "AF01ANS.JPG"
    for session in "AB":
        for person in PEOPLE:
            for code in EXPRESSIONS:
                for angle in ("HL", "HR"):
                    name = f"{session}{person}{code}{angle}"
                    os.link(plain, kdef / (session + person) / f"{PUBLISHED_AS.get(name, name)}.JPG")
    write(kdef / "AF31" / "new.jpg", 40).replace(kdef / "AF31" / "AF31V.JPG")
    write(kdef / "AM31" / "new.jpg", 220).replace(kdef / "AM31" / "AM31H.JPG")
    faces = read_kdef(kdef, 8, angles=("HL", "HR"))
    assert np.bincount(faces.classes).tolist() == [280] * 7
    dark, light = np.flatnonzero(faces.images[:, 4, 4] < 60), np.flatnonzero(faces.images[:, 4, 4] > 200)
    assert [LABELS[faces.classes[i]] for i in (*dark, *light)] == ["sad", "surprise"]
    assert [faces.identities[i] for i in (*dark, *light)] == ["F31", "M31"]


def test_a_few_missing_pictures_are_no_matter(kdef):
    for person in PEOPLE[:9]:
        (kdef / f"A{person}" / f"A{person}SUS.JPG").unlink()
    assert len(read_kdef(kdef, 8)) == 971
    (kdef / "AF30" / "AF30SUS.JPG").unlink()
    with pytest.raises(DataError, match=r"AF01SUS\.JPG and 9 more are missing: expected KDEF/"):
        read_kdef(kdef, 8)


def test_half_copied(kdef):
    for file in (kdef / "BM35").iterdir():
        file.unlink()
    (kdef / "BM35").rmdir()
    with pytest.raises(DataError, match=r"BM35 is missing: expected KDEF/ with the folders AF01 to BM35"):
        read_kdef(kdef)


def test_undecodable(kdef):
    (kdef / "AF02" / "AF02SAS.JPG").unlink()
    (kdef / "AF02" / "AF02SAS.JPG").write_bytes(b"cut")
    with pytest.raises(DataError, match=r"AF02SAS\.JPG cannot be decoded"):
        read_kdef(kdef, 8)


def test_bad_arguments(tmp_path):
    with pytest.raises(DataError, match="nowhere is missing"):
        read_kdef(tmp_path / "nowhere")
    with pytest.raises(DataError, match="AF01 is missing"):
        read_kdef(tmp_path)
    for angles in ((), ("S", "X")):
        with pytest.raises(ValueError, match="choose from S, HL, HR, FL, FR"):
            read_kdef(tmp_path, angles=angles)
