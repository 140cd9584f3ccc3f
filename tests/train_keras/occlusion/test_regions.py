import numpy as np
import pytest
from drawn import grainy, landmarks68

from train_keras.occlusion.regions import EYES, MOUTH, cover_eyes, cover_mouth

BROWS = slice(17, 27)


def at(covered, points):
    columns, rows = np.round(points).astype(int).T
    return covered[rows, columns]


@pytest.mark.parametrize("degrees", [0, 12, -35, 90])
@pytest.mark.parametrize("size", [48, 200])
def test_one_region_and_not_the_other(degrees, size):
    picture, points = grainy((size, size)), landmarks68(0.62 * size, (size / 2, size / 2), degrees)
    for seed in range(20):
        eyes = cover_eyes(picture, points, np.random.default_rng(seed))[1]
        mouth = cover_mouth(picture, points, np.random.default_rng(seed))[1]
        assert at(eyes, points[EYES]).min() == at(mouth, points[MOUTH]).min() == 255
        assert not at(eyes, points[MOUTH]).any()
        assert not at(mouth, points[EYES]).any()
        assert not at(eyes, points[[30, 33, 8]]).any()  # the nose's tip and the chin
        assert not at(mouth, points[27:31]).any()


def test_brows_stay_in_sight():
    picture, points = grainy((200, 200)), landmarks68(120, (100, 90))
    for seed in range(20):
        assert not at(cover_eyes(picture, points, np.random.default_rng(seed))[1], points[BROWS]).any()


def test_a_rectangle_with_margins_of_its_own():
    picture, points = grainy((128, 128)), landmarks68(90, (64, 60))
    areas = set()
    for seed in range(10):
        covered = cover_eyes(picture, points, np.random.default_rng(seed))[1] == 255
        assert covered.sum() == covered.any(0).sum() * covered.any(1).sum()
        areas.add(int(covered.sum()))
    assert len(areas) > 5


def test_tiny_face():
    picture, points = grainy((24, 24)), landmarks68(5, (12, 12))
    assert at(cover_eyes(picture, points, np.random.default_rng(0))[1], points[EYES]).min() == 255
