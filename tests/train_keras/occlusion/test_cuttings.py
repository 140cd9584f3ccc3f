import json
import zipfile

import numpy as np
import pytest
from drawn import grainy, landmarks68

from edge.alignment import CropGeometry
from edge.errors import DataError
from train_keras.data.masked_faces import PhotoSplit, split_of
from train_keras.occlusion.cuttings import LEAST, SIDE, five_of, hide_side, paste_mask, read_cuttings

POINTS = landmarks68(66, (48, 42))


def few_photos(source, target, wanted, count=6):
    """A smaller masked_faces.zip: the first training photographs that fit."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as small:
        rows = sorted(json.loads(archive.read("annotations.json")), key=lambda row: row["file"])
        rows = [r for r in rows if split_of(r["file"]) is PhotoSplit.TRAINING and wanted(r)][:count]
        small.writestr("annotations.json", json.dumps(rows))
        for row in rows:
            small.writestr(row["file"], archive.read(row["file"]))
    return target


def has_large_mask(row):
    sides = [max(f["xyxy"][2] - f["xyxy"][0], f["xyxy"][3] - f["xyxy"][1]) for f in row["faces"]
             if f["label"] == "mask"]  # fmt: skip
    return any(side >= LEAST for side in sides)


def test_real_masks_and_scenes(shared, tmp_path):
    photos = few_photos(shared / "masked_faces.zip", tmp_path / "photos.zip", has_large_mask, 12)
    found = read_cuttings(photos, count=3)
    assert found.masks.shape == (3, SIDE, SIDE)
    assert found.scenes.shape[1:] == (SIDE, SIDE)
    assert 1 <= len(found.scenes) <= 3
    again = read_cuttings(photos, count=3)
    assert np.array_equal(found.masks, again.masks)


def test_photographs_without_masks(shared, tmp_path):
    photos = few_photos(
        shared / "masked_faces.zip", tmp_path / "photos.zip",
        lambda row: all(face["label"] == "no_mask" for face in row["faces"]), 2,
    )  # fmt: skip
    with pytest.raises(DataError, match="no face of 72 px under a mask to cut out: copy the file again"):
        read_cuttings(photos)


def test_no_photographs(tmp_path):
    with pytest.raises(DataError, match=r"masked_faces\.zip"):
        read_cuttings(tmp_path / "masked_faces.zip")
    (tmp_path / "damaged.zip").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match="is damaged"):
        read_cuttings(tmp_path / "damaged.zip")


def cutting(lower):
    """A cutting whose upper half is as bright as a picture of 120, and its lower half something else."""
    drawn = np.full((1, SIDE, SIDE), 120, np.uint8)
    drawn[:, SIDE // 2 :] = lower
    return drawn


def test_mask_lies_on_the_lower_face():
    picture = grainy((96, 96))
    painted, covered = paste_mask(picture, POINTS, np.random.default_rng(0), cutting(20))
    at = lambda points: covered[tuple(np.round(points).astype(int).T[::-1])]  # noqa: E731
    assert at(POINTS[48:60]).min() > 250
    assert at(POINTS[36:48]).max() < 30
    assert np.array_equal(painted[covered == 0], picture[covered == 0])
    assert painted[covered > 250].mean() == pytest.approx(20, abs=12)


def test_mask_takes_the_light_of_the_face():
    drawn = [
        paste_mask(grainy((96, 96), level), POINTS, np.random.default_rng(0), cutting(100))
        for level in (80, 160)
    ]
    dim, bright = (float(painted[covered > 250].mean()) for painted, covered in drawn)
    assert 1.6 < bright / dim < 2.4
    white, covered = paste_mask(grainy((96, 96), 220), POINTS, np.random.default_rng(0), cutting(235))
    assert white[covered > 250].mean() < 250  # brightened no further than what a camera shows


@pytest.mark.parametrize("share", [0.25, 0.4, 0.55])
def test_a_side_is_hidden(share):
    picture, scenes = grainy((96, 96)), grainy((3, SIDE, SIDE), 60)
    low, high = POINTS[:, 0].min(), POINTS[:, 0].max()
    sides = set()
    for seed in range(8):
        painted, covered = hide_side(picture, POINTS, np.random.default_rng(seed), scenes, share)
        inside = covered[:, int(low) : int(high)].mean() / 255
        assert inside == pytest.approx(share, abs=0.08)
        assert np.array_equal(painted[covered == 0], picture[covered == 0])
        sides.add(bool(covered[48, 0]))
    assert sides == {True, False}


def test_five_landmarks():
    five = five_of(POINTS)
    assert five.shape == (len(CropGeometry().template), 2)
    assert five[0, 0] < five[2, 0] < five[1, 0]
    assert five[3, 1] > five[2, 1]
