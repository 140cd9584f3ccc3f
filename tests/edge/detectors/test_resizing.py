import cv2
import numpy as np
import pytest

from edge.detectors.resizing import resize_into
from edge.scratch import Scratch


@pytest.mark.parametrize("shape", [(360, 640), (720, 1280), (1080, 1920), (600, 800), (700, 933), (100, 130)])
def test_it_is_written_where_it_is_wanted_and_looks_as_if_averaged(images, shape):
    picture = cv2.resize(images[0], shape[::-1], interpolation=cv2.INTER_CUBIC)
    canvas = np.full((192, 320, 3), 7, np.uint8)
    height = round(shape[0] * 240 / shape[1])
    resize_into(picture, canvas[:height, :240])
    assert (canvas[height:] == 7).all()
    assert (canvas[:, 240:] == 7).all()
    way = cv2.INTER_AREA if shape[1] > 240 else cv2.INTER_LINEAR
    averaged = cv2.resize(picture, (240, height), interpolation=way)
    assert np.abs(canvas[:height, :240].astype(int) - averaged).mean() < 1.5


def test_fine_stripes_turn_grey_instead_of_coarse():
    """Shrinking to a quarter, every pixel counts; reading 2 x 2 of 4 x 4 would give stripes again."""
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, ::2] = 255
    target = np.zeros((180, 320, 3), np.uint8)
    resize_into(stripes, target)
    assert np.abs(target.astype(int) - 128).max() <= 1


def test_a_picture_of_the_right_size_is_copied():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    target = np.zeros_like(picture)
    resize_into(picture, target)
    assert np.array_equal(picture, target)
    assert not np.shares_memory(picture, target)


def test_one_scratch_for_many_pictures(images):
    scratch = Scratch()
    targets = []
    for width in (1280, 640, 1920):
        picture = cv2.resize(images[0], (width, width * 9 // 16))
        targets += [np.zeros((90, 160, 3), np.uint8), np.zeros((90, 160, 3), np.uint8)]
        resize_into(picture, targets[-1], scratch)
        resize_into(picture, targets[-2])
    for reused, new in zip(targets[1::2], targets[::2], strict=True):
        assert np.array_equal(reused, new)
