import shutil

import pytest

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.faces import Split
from train_keras.data.folders import SPELLINGS, read_folders


@pytest.fixture
def classes(write, tmp_path):
    for number, label in enumerate(LABELS):
        write(tmp_path / "set" / label / "1.png", 10 * number)
        write(tmp_path / "set" / label / "below" / "2.JPG", 10 * number)
    return tmp_path / "set"


def test_every_class_and_subfolder(classes):
    (classes / "happy" / "Thumbs.db").write_bytes(b"junk")
    (classes / "happy" / "._1.png").write_bytes(b"junk")
    faces = read_folders(classes, 32)
    assert faces.images.shape == (14, 32, 32)
    assert sorted(faces.classes.tolist()) == sorted([*range(7), *range(7)])
    assert (faces.images[:, 5, 5] == 10 * faces.classes).all()
    assert (faces.splits == Split.TRAINING).all()
    assert faces.identities is None


@pytest.mark.parametrize("column", range(2))
def test_usual_spellings(column, write, tmp_path):
    for label, spellings in SPELLINGS.items():
        name = spellings[min(column, len(spellings) - 1)].title()
        write(tmp_path / name / "1.png", 20 * LABELS.index(label))
    write(tmp_path / "contempt" / "1.png", 250)
    faces = read_folders(tmp_path)
    assert (faces.images[:, 0, 0] == 20 * faces.classes).all()
    assert len(faces) == 7


def test_splits(classes, tmp_path):
    root = tmp_path / "splits"
    for name in ("train", "validation", "test"):
        shutil.copytree(classes, root / name)
    faces = read_folders(root)
    assert [len(faces.split(split)) for split in Split] == [14, 14, 14]
    shutil.rmtree(root / "validation")
    assert [len(read_folders(root).split(split)) for split in Split] == [14, 0, 14]


def test_unknown_class(classes):
    (classes / "bored").mkdir()
    with pytest.raises(DataError, match=r"bored is no known class: rename it to one of angry/anger"):
        read_folders(classes)


def test_half_copied(classes, tmp_path):
    shutil.rmtree(classes / "fear")
    with pytest.raises(DataError, match=r"fear is missing or holds no pictures"):
        read_folders(classes)
    (tmp_path / "splits").mkdir()
    shutil.copytree(classes, tmp_path / "splits" / "test")
    with pytest.raises(DataError, match=r"fear is missing"):
        read_folders(tmp_path / "splits")


def test_test_pictures_alone_are_no_set(classes, tmp_path):
    shutil.copytree(classes, tmp_path / "splits" / "test")
    with pytest.raises(DataError, match=r"train is missing"):
        read_folders(tmp_path / "splits")


def test_class_beside_a_split(classes):
    shutil.copytree(classes / "sad", classes / "train" / "sad")
    with pytest.raises(DataError, match=r"angry lies beside train/"):
        read_folders(classes)


def test_empty_and_missing(tmp_path):
    with pytest.raises(DataError, match="is missing or holds no pictures"):
        read_folders(tmp_path)
    with pytest.raises(DataError, match="nowhere is missing: expected a folder of pictures for each class"):
        read_folders(tmp_path / "nowhere")
