import json
import zipfile

import cv2
import numpy as np
import pytest

from edge.errors import DataError
from edge.labels import MASK_STATES
from train_keras.data.mask_crops import read_mask_crops
from train_keras.data.masked_faces import PhotoSplit, copies, read_masked_faces, split_of

FACES = [
    {"label": "mask", "xyxy": [1, 2, 11, 14]},
    {"label": "mask_worn_incorrectly", "xyxy": [20, 4, 30, 16]},
]


def jpeg(value=128):
    return cv2.imencode(".jpg", np.full((24, 32, 3), value, np.uint8))[1].tobytes()


def write(path, rows=None, leave_out=(), pictures=None):
    rows = (
        [{"file": f"a/{i}.jpg", "width": 32, "height": 24, "faces": FACES} for i in range(40)]
        if rows is None
        else rows
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("annotations.json", json.dumps(rows))
        for row in rows:
            if row["file"] not in leave_out:
                archive.writestr(row["file"], (pictures or {}).get(row["file"], jpeg()))
    return path


def test_splits_share_nothing_and_miss_nothing(tmp_path):
    path = write(tmp_path / "photos.zip")
    found = {split: [photo.file for photo in read_masked_faces(path, split)] for split in PhotoSplit}
    assert sorted(file for files in found.values() for file in files) == sorted(
        f"a/{i}.jpg" for i in range(40)
    )
    assert all(split_of(file) is split for split, files in found.items() for file in files)


def test_published_photographs(shared):
    photos = read_masked_faces(shared / "masked_faces.zip", PhotoSplit.TEST)
    assert len(photos) == 339
    assert 0.14 < len(photos) / 2110 < 0.17
    for photo in photos[::50]:
        height, width = photo.image.shape[:2]
        assert max(height, width) <= 576
        assert (photo.boxes[:, 2:] > photo.boxes[:, :2]).all()
        assert len(photo.boxes) == len(photo.states)


def test_boxes_and_states(tmp_path):
    photo = read_masked_faces(write(tmp_path / "photos.zip"), PhotoSplit.TRAINING)[0]
    assert photo.image.shape == (24, 32, 3)
    assert photo.boxes.tolist() == [[1, 2, 11, 14], [20, 4, 30, 16]]
    assert [MASK_STATES[state] for state in photo.states] == ["mask", "mask_worn_incorrectly"]


def test_photograph_without_faces(tmp_path):
    path = write(tmp_path / "photos.zip", [{"file": "a/1.jpg", "width": 32, "height": 24, "faces": []}])
    (photo,) = read_masked_faces(path, split_of("a/1.jpg"))
    assert photo.boxes.shape == (0, 4)


def test_damaged_archives(tmp_path):
    with pytest.raises(DataError, match="missing"):
        read_masked_faces(tmp_path / "none.zip", PhotoSplit.TEST)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK not a zip")
    with pytest.raises(DataError, match="damaged"):
        read_masked_faces(broken, PhotoSplit.TEST)
    rows = [{"file": "a/1.jpg", "width": 32, "height": 24, "faces": FACES}]
    with pytest.raises(DataError, match="damaged"):
        read_masked_faces(write(tmp_path / "lost.zip", rows, leave_out=("a/1.jpg",)), split_of("a/1.jpg"))
    with pytest.raises(DataError, match="cannot be decoded"):
        read_masked_faces(
            write(tmp_path / "text.zip", rows, pictures={"a/1.jpg": b"text"}), split_of("a/1.jpg")
        )
    rows[0]["faces"] = [{"label": "helmet", "xyxy": [0, 0, 1, 1]}]
    with pytest.raises(DataError, match="damaged"):
        read_masked_faces(write(tmp_path / "label.zip", rows), split_of("a/1.jpg"))


def test_copies():
    rng = np.random.default_rng(0)
    pictures = [cv2.resize(rng.integers(0, 256, (9, 9, 3), np.uint8), (200, 150)) for _ in range(6)]
    smaller = cv2.imdecode(
        cv2.imencode(".jpg", cv2.resize(pictures[2], (130, 100)), [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1
    )
    assert copies(pictures, [smaller]).tolist() == [False, False, True, False, False, False]
    assert copies(pictures, []).tolist() == [False] * 6
    assert copies([], pictures).shape == (0,)


def test_mask_crops(tmp_path):
    path = tmp_path / "crops.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mask/1.jpg", jpeg(10))
        archive.writestr("no_mask/1.jpg", jpeg(200))
        archive.writestr("README.txt", "about")
    images, states = read_mask_crops(path)
    assert [MASK_STATES[state] for state in states] == ["mask", "no_mask"]
    assert [round(float(image.mean())) for image in images] == [10, 200]


def test_damaged_mask_crops(tmp_path):
    path = tmp_path / "crops.zip"
    with pytest.raises(DataError, match="missing"):
        read_mask_crops(path)
    for name, data in (
        ("mask/1.jpg", b"text"),
        ("helmet/1.jpg", jpeg()),
        ("mask/1.jpg", jpeg()),
        ("1.jpg", jpeg()),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, data)
        with pytest.raises(DataError, match=r"crops\.zip"):
            read_mask_crops(path)
