import numpy as np
import pytest

from edge.alignment import CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Face
from train_keras.data.affectnet import COLUMNS, read_affectnet
from train_keras.data.faces import Split

ORDER = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")


@pytest.fixture
def crops(write, tmp_path):
    """Every expression once in each set; numbers as they come sort otherwise than as text."""
    for name in ("train_set", "val_set"):
        (tmp_path / name / "annotations").mkdir(parents=True)
        for code in range(8):
            number = 3 * code
            write(tmp_path / name / "images" / f"{number}.jpg", 30 * code)
            for what, value in (("exp", str(code)), ("val", "-0.5"), ("aro", "0.1")):
                np.save(tmp_path / name / "annotations" / f"{number}_{what}.npy", np.array(value))
    return tmp_path


@pytest.fixture
def scenes(write, scene, tmp_path):
    """A scene with a face and one without, listed with all expressions."""
    write(tmp_path / "Manually_Annotated_Images" / "689" / "face.png", scene)
    write(tmp_path / "Manually_Annotated_Images" / "1" / "plain.PNG", np.tile(np.uint8([9, 200]), (50, 50)))
    lists = tmp_path / "Manually_Annotated_file_lists"
    lists.mkdir()
    rows = [f"1/plain.PNG,10,10,30,30,1.0;2.0,{code},0.1,0.2" for code in range(11)]
    training = [",".join(COLUMNS), "689/face.png,330,95,200,250,1.0;2.0,1,0.1,0.2", *rows]
    (lists / "training.csv").write_text("\n".join(training) + "\n")
    (lists / "validation.csv").write_text("\n".join(rows[2:]) + "\n")
    return tmp_path


def test_crops(crops):
    faces = read_affectnet(crops, 16)
    assert [LABELS[i] for i in faces.classes] == [*ORDER, *ORDER]
    assert abs(faces.images[:7, 8, 8].astype(int) - [30 * i for i in range(7)]).max() <= 2
    assert [len(faces.split(split)) for split in Split] == [7, 0, 7]


def test_scenes(scenes, scene):
    faces = read_affectnet(scenes, 48)
    assert [LABELS[i] for i in faces.classes] == ["happy", *ORDER, *ORDER[2:]]
    assert [len(faces.split(split)) for split in Split] == [8, 0, 5]
    found = open_detector("facet").detect(scene)[0]
    assert np.array_equal(faces.images[0], crop_face(scene, found, CropGeometry(48)))
    plain = np.tile(np.uint8([9, 200]), (50, 50))
    box = np.array([10, 10, 40, 40], np.float32)
    assert np.array_equal(faces.images[1], crop_face(plain, Face(box, 0.0), CropGeometry(48)))


def test_lists_beside_the_pictures(scenes):
    before = read_affectnet(scenes, 8)
    (scenes / "Manually_Annotated").mkdir()
    (scenes / "Manually_Annotated_Images").rename(scenes / "Manually_Annotated" / "Manually_Annotated_Images")
    for file in (scenes / "Manually_Annotated_file_lists").iterdir():
        file.rename(scenes / file.name)
    (scenes / "Manually_Annotated_file_lists").rmdir()
    assert np.array_equal(read_affectnet(scenes, 8).images, before.images)


@pytest.mark.parametrize("gone", ["images/9.jpg", "annotations/9_exp.npy"])
def test_half_copied_crops(gone, crops):
    (crops / "val_set" / gone).unlink()
    with pytest.raises(DataError, match=rf"val_set/{gone} is missing: expected train_set/ and val_set/"):
        read_affectnet(crops)


def test_half_a_set(crops):
    (crops / "val_set").rename(crops / "other")
    with pytest.raises(DataError, match=r"val_set/images is missing"):
        read_affectnet(crops)
    for file in (crops / "train_set" / "annotations").glob("*_exp.npy"):
        file.unlink()
    with pytest.raises(DataError, match=r"holds no \*_exp\.npy"):
        read_affectnet(crops)


@pytest.mark.parametrize("value", ["11", "-1", "happy", ""])
def test_unknown_expression(value, crops, scenes):
    np.save(crops / "train_set" / "annotations" / "6_exp.npy", np.array(value))
    with pytest.raises(DataError, match=r"6_exp\.npy: expression .* is no number from 0 to 10"):
        read_affectnet(crops)


def test_damaged_annotation(crops):
    (crops / "train_set" / "annotations" / "6_exp.npy").write_bytes(b"\x93NUMPY\x01")
    with pytest.raises(DataError, match=r"6_exp\.npy is damaged"):
        read_affectnet(crops)
    np.save(crops / "train_set" / "annotations" / "6_exp.npy", np.arange(3))
    with pytest.raises(DataError, match=r"6_exp\.npy is damaged"):
        read_affectnet(crops)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1/plain.PNG,10,10,30,30,1.0,3,0.1", "training.csv line 14 is damaged: expected subDirectory"),
        ("1/plain.PNG,NULL,10,30,30,1.0,3,0.1,0.2", "face box .*NULL"),
        ("1/plain.PNG,10,10,30,30,1.0,12,0.1,0.2", "expression '12' is no number from 0 to 10"),
        ("2/gone.png,10,10,30,30,1.0,3,0.1,0.2", r"2/gone\.png is missing"),
    ],
)
def test_damaged_row(line, message, scenes):
    with (scenes / "Manually_Annotated_file_lists" / "training.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message):
        read_affectnet(scenes)


def test_other_columns(scenes):
    file = scenes / "Manually_Annotated_file_lists" / "training.csv"
    file.write_text(file.read_text().replace("expression,valence", "valence,expression"))
    with pytest.raises(DataError, match=r"training\.csv has columns .*expected subDirectory_filePath"):
        read_affectnet(scenes)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"training\.csv is no csv"):
        read_affectnet(scenes)


def test_missing(scenes, tmp_path):
    (scenes / "Manually_Annotated_file_lists" / "validation.csv").unlink()
    with pytest.raises(DataError, match=r"validation\.csv is missing: expected train_set/ and val_set/"):
        read_affectnet(scenes)
    with pytest.raises(DataError, match="nowhere is missing"):
        read_affectnet(tmp_path / "nowhere")
