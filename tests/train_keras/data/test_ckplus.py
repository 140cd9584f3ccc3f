import shutil

import numpy as np
import pytest

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.ckplus import read_ckplus

SEQUENCES = {("S005", "001"): 3, ("S010", "002"): 5, ("S010", "004"): 2, ("S011", "001"): 7}


@pytest.fixture
def ckplus(write, tmp_path):
    """Four labelled sequences of six frames that grow lighter, and one without a label."""
    for (subject, number), code in SEQUENCES.items():
        stem = f"{subject}_{number}"
        for frame in range(1, 7):
            write(
                tmp_path / "cohn-kanade-images" / subject / number / f"{stem}_{frame:08}.png",
                40 * frame + code,
            )
        folder = tmp_path / "Emotion" / subject / number
        folder.mkdir(parents=True)
        (folder / f"{stem}_00000006_emotion.txt").write_text(f"   {code}.0000000e+00\n")
    write(tmp_path / "cohn-kanade-images" / "S999" / "001" / "S999_001_00000001.png", 1)
    (tmp_path / "Emotion" / "S999" / "001").mkdir(parents=True)
    (tmp_path / "cohn-kanade-images" / "S005" / ".DS_Store").write_bytes(b"junk")
    return tmp_path


def test_usual_protocol(ckplus):
    faces = read_ckplus(ckplus, 12)
    names = [LABELS[i] for i in faces.classes]
    assert names == [
        name for label in ("disgust", "happy", "surprise") for name in ("neutral", label, label, label)
    ]
    assert faces.identities.tolist() == ["S005"] * 4 + ["S010"] * 4 + ["S011"] * 4
    assert faces.images[:4, 6, 6].tolist() == [43, 163, 203, 243]


def test_one_picture_for_each_sequence(ckplus):
    faces = read_ckplus(ckplus, 12, peaks=1, neutral=False)
    assert faces.images[:, 6, 6].tolist() == [243, 245, 247]


def test_no_frame_is_both_neutral_and_the_expression(ckplus):
    faces = read_ckplus(ckplus, 12, peaks=99)
    assert faces.images[:6, 6, 6].tolist() == [43, 83, 123, 163, 203, 243]
    assert LABELS[faces.classes[0]] == "neutral"


def test_folders_of_the_published_archives(ckplus):
    before = read_ckplus(ckplus, 12)
    (ckplus / "extended-cohn-kanade-images").mkdir()
    (ckplus / "cohn-kanade-images").rename(ckplus / "extended-cohn-kanade-images" / "cohn-kanade-images")
    (ckplus / "Emotion_labels").mkdir()
    (ckplus / "Emotion").rename(ckplus / "Emotion_labels" / "Emotion")
    assert np.array_equal(read_ckplus(ckplus, 12).images, before.images)


def test_missing_frame(ckplus):
    (ckplus / "cohn-kanade-images" / "S010" / "002" / "S010_002_00000003.png").unlink()
    with pytest.raises(DataError, match=r"S010_002_00000003\.png is missing: expected cohn-kanade-images/"):
        read_ckplus(ckplus)


def test_half_copied(ckplus):
    shutil.rmtree(ckplus / "cohn-kanade-images" / "S011")
    with pytest.raises(DataError, match=r"S011_001_00000001\.png is missing"):
        read_ckplus(ckplus)
    shutil.rmtree(ckplus / "Emotion")
    with pytest.raises(DataError, match=r"Emotion is missing: expected cohn-kanade-images/"):
        read_ckplus(ckplus)
    (ckplus / "Emotion").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        read_ckplus(ckplus)


@pytest.mark.parametrize("text", ["", "9.0", "happy", "1.5"])
def test_damaged_label(text, ckplus):
    (ckplus / "Emotion" / "S005" / "001" / "S005_001_00000006_emotion.txt").write_text(text)
    with pytest.raises(DataError, match=r"S005_001_00000006_emotion\.txt is damaged"):
        read_ckplus(ckplus)


@pytest.mark.parametrize("name", ["S005_emotion.txt", "S005_001_00000001_emotion.txt"])
def test_label_of_no_frame(name, ckplus):
    folder = ckplus / "Emotion" / "S005" / "001"
    (folder / "S005_001_00000006_emotion.txt").rename(folder / name)
    with pytest.raises(DataError, match="does not name a sequence's last frame"):
        read_ckplus(ckplus)


def test_bad_arguments(ckplus, tmp_path):
    with pytest.raises(ValueError, match="peaks 0"):
        read_ckplus(ckplus, peaks=0)
    with pytest.raises(DataError, match="nowhere is missing"):
        read_ckplus(tmp_path / "nowhere")
