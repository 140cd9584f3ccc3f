"""Sunglasses, hands and scarves: where they lie, and the light they take."""

import numpy as np
import pytest
from drawn import grainy, landmarks68

from train_keras.occlusion.hand import raise_hand
from train_keras.occlusion.scarf import wear_scarf
from train_keras.occlusion.sunglasses import wear_sunglasses

SIZE = 96
POINTS = landmarks68(66, (48, 46.8))
EYES, MOUTH, BROWS, CHIN = POINTS[36:48], POINTS[48:60], POINTS[17:27], POINTS[8:9]
SEEDS = range(25)


def at(covered, points):
    columns, rows = np.clip(np.round(points).astype(int).T, 0, SIZE - 1)
    return covered[rows, columns]


def draw(put, seed, level=120):
    return put(grainy((SIZE, SIZE), level), POINTS, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_sunglasses_lie_on_the_eyes(seed):
    covered = draw(wear_sunglasses, seed)[1]
    pupils = np.stack([POINTS[36:42].mean(0), POINTS[42:48].mean(0)])
    assert at(covered, pupils).min() > 255 * 0.5
    assert not at(covered, MOUTH).any()
    assert not at(covered, CHIN).any()


def test_lenses_let_some_light_through():
    strongest = [np.median(at(draw(wear_sunglasses, seed)[1], EYES)) for seed in SEEDS]
    assert min(strongest) < 235  # a graded or light lens
    assert max(strongest) > 240


def test_lenses_are_dark():
    levels = [draw(wear_sunglasses, seed)[0][43:47, 24:35].mean() for seed in SEEDS]
    assert np.median(levels) < 60  # on a face of 120


@pytest.mark.parametrize("seed", SEEDS)
def test_scarf_hides_mouth_and_chin_and_no_eye(seed):
    covered = draw(wear_scarf, seed)[1]
    assert at(covered, POINTS[[57, 8]]).min() == 255
    assert not at(covered, EYES).any()
    assert not at(covered, BROWS).any()
    assert covered[-2, 42:54].min() == 255  # and the neck


def test_hands_come_before_mouth_cheek_and_eyes():
    maps = [draw(raise_hand, seed)[1] == 255 for seed in range(60)]
    mouth = np.mean([at(covered, MOUTH).mean() > 0.5 for covered in maps])
    left = np.mean([at(covered, POINTS[36:42]).mean() > 0.5 for covered in maps])
    right = np.mean([at(covered, POINTS[42:48]).mean() > 0.5 for covered in maps])
    assert 0.3 < mouth < 0.9
    assert 0.05 < left < 0.5
    assert 0.05 < right < 0.5
    # Every arm comes from outside the picture.
    assert all(covered[-1].any() or covered[:, [0, -1]].any() for covered in maps)


def test_hand_has_the_tone_of_the_face():
    for level in (60, 120, 180):
        levels = []
        for seed in SEEDS:
            painted, covered = draw(raise_hand, seed, level)
            face = (covered == 255) & (np.indices(covered.shape)[0] < 72)  # above any sleeve
            levels.append(np.median(painted[face]) / level)
        assert 0.7 < np.median(levels) < 1.05


@pytest.mark.parametrize("put", [wear_scarf, wear_sunglasses])
def test_they_take_the_light_of_the_face(put):
    levels = []
    for level in (50, 150):
        drawn = [draw(put, seed, level) for seed in range(10)]
        levels.append(
            np.mean([painted[covered == 255].mean() for painted, covered in drawn if 255 in covered])
        )
    assert levels[1] > 1.8 * levels[0]
