import cv2
import numpy as np
import pytest

from edge.alignment import TEMPLATE, CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError
from edge.types import Face
from train_keras.data.faces import Split
from train_keras.data.pictures import Picture, cut_face, decode, read_pictures


@pytest.fixture(scope="module")
def detector():
    return open_detector("facet")


def read(pictures, tmp_path, size=48, find_faces=False, **more):
    return read_pictures(pictures, size, source=tmp_path, layout="faces", find_faces=find_faces, **more)


def test_labels_splits_and_people_stay_with_their_pictures(write, tmp_path):
    faces = read(
        [
            Picture(write(tmp_path / "a.png", 10), "sad", Split.TRAINING, "F01"),
            Picture(write(tmp_path / "b.png", 20), "angry", Split.PRIVATE_TEST, "M02"),
        ],
        tmp_path,
        size=24,
    )
    assert faces.images.shape == (2, 24, 24)
    assert faces.images[:, 0, 0].tolist() == [10, 20]
    assert faces.classes.tolist() == [4, 0]
    assert faces.splits.tolist() == [Split.TRAINING, Split.PRIVATE_TEST]
    assert faces.identities.tolist() == ["F01", "M02"]
    assert faces[np.array([1])].identities.tolist() == ["M02"]
    assert faces.rows.tolist() == [0, 1]


def test_nobody_is_named_where_one_picture_does_not_tell(write, tmp_path):
    pictures = [
        Picture(write(tmp_path / "a.png", 1), "sad", identity="F01"),
        Picture(write(tmp_path / "b.png", 2), "sad"),
    ]
    assert read(pictures, tmp_path).identities is None


def test_a_head_is_cropped_as_the_device_crops_it(head, detector, write, tmp_path):
    (crop,) = read([Picture(write(tmp_path / "head.png", head), "happy")], tmp_path, 64, True).images
    assert np.array_equal(crop, crop_face(head, detector.detect(head)[0], CropGeometry(64)))
    # Landmarks of the crop itself lie on the template.
    again = detector.detect(cv2.cvtColor(cv2.resize(crop, (256, 256)), cv2.COLOR_GRAY2BGR))[0]
    assert np.abs(again.landmarks / 256 - np.array(TEMPLATE)).max() < 0.08


def test_the_published_box_chooses_the_face(scene, head, detector):
    pair = np.hstack([head, cv2.resize(head, None, fx=0.5, fy=0.5)[np.arange(340) % 170]])
    faces = sorted(detector.detect(pair), key=lambda face: face.box[0])
    assert len(faces) >= 2
    large, small = faces[0], faces[-1]
    geometry = CropGeometry(48)
    assert np.array_equal(cut_face(pair, detector, 48), crop_face(pair, large, geometry))
    marked = cut_face(pair, detector, 48, small.box + np.float32(3))
    assert np.array_equal(marked, crop_face(pair, small, geometry))


def test_without_a_find_the_box_or_the_middle_is_taken(detector):
    plain = np.full((60, 100, 3), 90, np.uint8)
    plain[:, 70:] = 200
    box = np.array([72, 10, 98, 36], np.float32)
    assert detector.detect(plain) == []
    assert cut_face(plain, detector, 16)[:, :8].max() == 90
    boxed = cut_face(plain, detector, 16, box)
    assert np.array_equal(boxed, crop_face(plain, Face(box, 0.0), CropGeometry(16)))
    assert boxed.mean() > 150


def test_a_find_elsewhere_than_the_box_is_another_face(scene, detector):
    box = np.array([10, 10, 90, 90], np.float32)
    assert len(detector.detect(scene)) == 1
    expected = crop_face(scene, Face(box, 0.0), CropGeometry(48))
    assert np.array_equal(cut_face(scene, detector, 48, box), expected)


def test_crops_shrink_by_averaging(write, tmp_path):
    stripes = np.tile(np.array([0, 200], np.uint8), (96, 48))
    (crop,) = read([Picture(write(tmp_path / "a.png", stripes), "sad")], tmp_path).images
    assert (crop == 100).all()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_cannot_be_decoded_is_named(content, tmp_path):
    file = tmp_path / "broken.jpg"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.jpg cannot be decoded"):
        decode(file)
    with pytest.raises(DataError, match=r"broken\.jpg cannot be decoded"):
        read([Picture(file, "sad")], tmp_path)


def test_missing_and_none(tmp_path):
    with pytest.raises(DataError, match=r"gone\.jpg is missing: expected faces"):
        read([Picture(tmp_path / "gone.jpg", "sad")], tmp_path)
    with pytest.raises(DataError, match="holds no pictures to read: expected faces"):
        read([], tmp_path)


def test_progress_is_told_of_every_picture(write, tmp_path):
    seen = []

    def progress(items, total, title):
        seen.append((total, title))
        return items

    read([Picture(write(tmp_path / f"{i}.png", i), "sad") for i in range(3)], tmp_path, progress=progress)
    assert seen == [(3, f"reading {tmp_path.name}")]
