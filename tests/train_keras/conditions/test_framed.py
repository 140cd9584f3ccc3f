import numpy as np
import pytest

from train_keras.conditions import framed
from train_keras.conditions.framed import frame, stand, summarise
from train_keras.data.faces import Split
from train_keras.framing import FRAME


@pytest.fixture(scope="module")
def faces(ferplus):
    return ferplus.split(Split.PRIVATE_TEST)[::250].images


def test_in_the_middle_of_a_frame(faces):
    picture = stand(faces[0], 160)
    assert picture.shape == (*FRAME, 3)
    middle = picture[160:320, 240:400, 0]
    assert np.abs(middle[1::10, 1::10].astype(int) - faces[0][::3, ::3]).mean() < 25
    assert np.abs(np.diff(picture[:100, :, 0].astype(int))).max() < np.abs(np.diff(middle.astype(int))).max()
    assert stand(faces[0], 24)[228:252, 308:332].shape == (24, 24, 3)


def test_crops_of_the_device(faces):
    crops, found, errors = frame(faces, 160)
    assert found.sum() == len(crops) == len(errors) >= 0.8 * len(faces)
    assert crops.shape[1:] == faces.shape[1:]
    assert np.median(errors[:, 0]) < 0.15
    assert np.abs(np.log(errors[:, 1])).max() < np.log(2)


@pytest.mark.parametrize(("dx", "dy", "zoom", "degrees"), [(0, 0, 1, 0), (4.8, 0, 1, 0), (3, -4, 1.2, 10)])
def test_how_far_a_crop_lies_from_the_published_one(dx, dy, zoom, degrees):
    """The map that `stand` was undone with, and then a known change about the crop's middle."""
    size, side = 160, 48
    corner, ratio = np.array([240, 160]), side / size
    undo = np.array([[ratio, 0, 0], [0, ratio, 0], [0, 0, 1.0]])
    undo[:2, 2] = 0.5 * ratio - 0.5 - ratio * corner
    angle = np.deg2rad(degrees)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = np.eye(3)
    change[:2, :2] = turn
    change[:2, 2] = 23.5 - turn @ (23.5, 23.5) + (dx, dy)
    found = framed._error((change @ undo)[:2], size, side)
    assert found == pytest.approx((np.hypot(dx, dy) / side, zoom, degrees), abs=1e-6)


def test_nothing_found():
    crops, found, errors = frame(np.full((2, 48, 48), 128, np.uint8), 64)
    assert crops.shape == (0, 48, 48)
    assert not found.any()
    assert errors.shape == (0, 3)


def test_errors_in_words():
    errors = np.array([[0.1, 0.5, -10], [0.0, 2.0, 10], [0.2, 2.0, 10]], np.float32)
    found = summarise(160, "bare", np.array([True, True, True, False]), errors)
    assert found.found == 0.75
    assert found.shift[0] == pytest.approx(0.1)
    assert found.scale == pytest.approx((2, 2))  # half as large is as wrong as twice as large
    assert found.rotation == pytest.approx((10, 10))
