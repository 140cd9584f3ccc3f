import zipfile

import cv2
import numpy as np
import pytest

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.lfw import identity_of, read_lfw, read_lfw_faces


def test_equal_shares_and_the_same_draw_for_a_seed(shared):
    faces, again, other = (read_lfw(shared / "lfw_expressions.zip", 8, seed) for seed in (1, 1, 2))
    assert np.bincount(faces.valences).tolist() == [8, 8, 8]
    assert all(image.dtype == np.uint8 and image.ndim == 2 for image in faces.images)
    assert np.array_equal(faces.rows, again.rows)
    assert not np.array_equal(faces.rows, other.rows)


@pytest.mark.parametrize(
    "members", [{}, {"labels.csv": "image,emotion\na.jpg,happiness\n"}, {"labels.csv": "file,kind\na,b\n"}]
)
def test_zip_of_another_layout(members, tmp_path):
    path = tmp_path / "lfw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(DataError, match=r"lfw\.zip is damaged .*expected images/ and labels\.csv"):
        read_lfw(path, 1, 0)


def test_zip_cut_short(shared, tmp_path):
    path = tmp_path / "lfw.zip"
    with (shared / "lfw_expressions.zip").open("rb") as file:
        path.write_bytes(file.read(300_000))
    with pytest.raises(DataError, match="damaged"):
        read_lfw(path, 1, 0)


def test_missing(tmp_path):
    with pytest.raises(DataError, match="missing: expected lfw_expressions"):
        read_lfw(tmp_path / "lfw.zip", 1, 0)


def write_zip(path, rows):
    """A set of pictures: name, emotion and picture each; a name may stand twice."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, _, picture in {name: row for row in rows for name in row[:1]}.values():
            content = picture if isinstance(picture, bytes) else cv2.imencode(".jpg", picture)[1].tobytes()
            archive.writestr(f"images/{name}", content)
        archive.writestr("labels.csv", "\n".join(["image,emotion", *(f"{n},{e}" for n, e, _ in rows)]))
    return path


def test_seven_labels_and_names(ferplus, tmp_path):
    emotions = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
    names = [f"Person_{'ABCDEFGH'[i]}_000{i}.jpg" for i in range(8)]
    rows = list(zip(names, emotions, ferplus.images[:8], strict=True))
    faces = read_lfw_faces(write_zip(tmp_path / "lfw.zip", rows), 40)
    assert faces.images.shape == (7, 40, 40)
    assert faces.classes.tolist() == list(range(len(LABELS)))
    assert faces.identities.tolist() == [f"Person_{letter}" for letter in "ABCDEFG"]
    assert faces.rows.tolist() == list(range(7))


def test_names_listed_twice_and_photographs_of_two_people_are_left_out(ferplus, tmp_path):
    first, second, third, fourth = ferplus.images[:4]
    lighter = np.clip(first * 0.8 + 40, 0, 255).astype(np.uint8)
    rows = [
        ("Ann_0001.jpg", "fear", first),
        ("Bob_0001.jpg", "fear", lighter),
        ("Bob_0002.jpg", "sadness", second),
        ("Bob_0003.jpg", "sadness", second),
        ("Cid_0001.jpg", "anger", third),
        ("Cid_0001.jpg", "neutral", third),
        ("Dee_0001.jpg", "neutral", fourth),
    ]
    faces = read_lfw_faces(write_zip(tmp_path / "lfw.zip", rows))
    assert faces.rows.tolist() == [2, 3, 6]
    assert faces.identities.tolist() == ["Bob", "Bob", "Dee"]


def test_published_faces(lfw, shared):
    assert len(lfw) == 13_642
    assert lfw.images.dtype == np.uint8
    assert lfw.images.shape[1:] == (48, 48)
    with zipfile.ZipFile(shared / "lfw_expressions.zip") as archive:
        table = archive.read("labels.csv").decode().splitlines()[1:]
    names = {table[row].split(",")[0] for row in lfw.rows}
    twice = {
        "Bart_Hendricks_0001.jpg", "Ricky_Ray_0001.jpg",  # the same file
        "Chok_Tong_Goh_0001.jpg", "George_W_Bush_0477.jpg",  # one photograph, cropped otherwise
        "Andrew_Caldecott_0001.jpg", "Andrew_Gilligan_0001.jpg",  # one photograph, lit otherwise
    }  # fmt: skip
    assert not names & twice
    assert lfw.identities.tolist().count("George_W_Bush") > 500


def test_identity():
    assert identity_of("Lin_Yi-fu_0001.jpg") == "Lin_Yi-fu"
    assert identity_of("Avinash_30.jpg") == "Avinash"


def test_bad_pictures_and_none(ferplus, tmp_path):
    with pytest.raises(DataError, match=r"Ann_0001\.jpg in lfw_expressions\.zip cannot be decoded"):
        read_lfw_faces(write_zip(tmp_path / "text.zip", [("Ann_0001.jpg", "fear", b"text")]))
    with pytest.raises(DataError, match="lists no faces"):
        read_lfw_faces(write_zip(tmp_path / "none.zip", [("Ann_0001.jpg", "contempt", ferplus.images[0])]))
    with pytest.raises(DataError, match="damaged"):
        read_lfw_faces(write_zip(tmp_path / "odd.zip", [("Ann_0001.jpg", "bored", ferplus.images[0])]))
    with pytest.raises(DataError, match="missing: expected lfw_expressions"):
        read_lfw_faces(tmp_path / "gone.zip")
