import pickle

import cv2
import numpy as np
import pytest

from tests.train_keras.occlusion.drawn import grainy, landmarks68
from train_keras.conditions.plots import FAMILIES
from train_keras.conditions.steps import HEIGHTS, Worn, apply, camera_steps, generator, worn_steps
from train_keras.occlusion.cuttings import SIDE, Cuttings
from train_keras.occlusion.masked import TEST_SEED
from train_keras.occlusion.masks import Kind
from train_keras.occlusion.patterns import Pattern

ROWS = np.array([3, 9, 27])


@pytest.fixture(scope="module")
def cuttings():
    return Cuttings(grainy((2, SIDE, SIDE), 90), grainy((2, SIDE, SIDE), 60))


def test_every_family_has_its_curve():
    families = [step.family for step in camera_steps()]
    assert list(dict.fromkeys(families)) == [family for family, *_ in FAMILIES]
    names = [(step.family, step.name) for step in camera_steps()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("step", camera_steps(), ids=lambda step: f"{step.family}-{step.name}")
def test_a_face_depends_on_its_row_alone(step):
    images = grainy((3, 48, 48))
    changed = apply(step, images, ROWS)
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    assert np.array_equal(apply(step, images[1:], ROWS[1:]), changed[1:])
    assert np.array_equal(changed, images) == (step.name == "48 px")


def test_severities_are_worse_and_worse():
    """Within a family of one direction the later step is farther from the face."""
    coarse = np.random.default_rng(0).integers(20, 235, (8, 3, 3), dtype=np.uint8)
    images = np.stack([cv2.resize(c, (48, 48), interpolation=cv2.INTER_CUBIC) for c in coarse])
    rows = np.arange(8)
    for family in ("shift", "dark", "defocus", "motion"):
        steps = [step for step in camera_steps() if step.family == family]
        away = [np.abs(apply(step, images, rows).astype(int) - images).mean() for step in steps]
        assert away == sorted(away), family


def test_masks_of_both_painters_and_what_is_real(cuttings):
    steps = worn_steps(cuttings)
    named = {(step.family, step.name) for step in steps}
    assert len(named) == len(steps)
    for painter in ("first", "second"):
        assert {(f"{painter} painter, height", name) for name in HEIGHTS} <= named
    assert {("first painter, kinds", kind.value) for kind in Kind} <= named
    assert {("second painter, kinds", kind.value) for kind in Pattern} <= named
    points, picture = landmarks68(36, (24, 22)), grainy((48, 48))
    for step in steps:
        painted, covered = step.wear(picture, points, generator(step, 5))
        again = step.wear(picture, points, generator(step, 5))
        assert np.array_equal(painted, again[0])
        assert np.array_equal(painted[covered == 0], picture[covered == 0])
        assert 0.03 < covered.mean() / 255 < 0.7, step.name


def test_higher_masks_hide_more(cuttings):
    points, picture = landmarks68(36, (24, 22)), grainy((48, 48))
    for painter in ("first", "second"):
        steps = [step for step in worn_steps(cuttings) if step.family == f"{painter} painter, height"]
        shares = [
            np.mean([step.wear(picture, points, np.random.default_rng(seed))[1] for seed in range(8)])
            for step in steps
        ]
        assert shares == sorted(shares, reverse=True)


def test_conditions_draw_apart_from_each_other(cuttings):
    first, second = worn_steps(cuttings)[:2]
    draws = {generator(step, row).integers(2**60) for step in (first, second) for row in (1, 2)}
    assert len(draws) == 4
    assert isinstance(first, Worn)
    # Not the standard test's own masks either, which are drawn with (seed, 0, row).
    assert generator(first, 1).integers(2**60) != np.random.default_rng((TEST_SEED, 0, 1)).integers(2**60)


def test_other_processes_get_the_same(cuttings):
    """Conditions are sent to a process a core."""
    points, picture = landmarks68(36, (24, 22)), grainy((48, 48))
    for worn in worn_steps(cuttings):
        sent = pickle.loads(pickle.dumps(worn))
        assert np.array_equal(
            sent.wear(picture, points, generator(sent, 5))[0],
            worn.wear(picture, points, generator(worn, 5))[0],
        )
    for step in camera_steps():
        sent = pickle.loads(pickle.dumps(step))
        assert np.array_equal(apply(sent, picture[None], ROWS[:1]), apply(step, picture[None], ROWS[:1]))
