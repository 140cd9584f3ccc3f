import numpy as np
import pytest

from train_keras.detection.evaluation.intervals import gain_interval, recall_interval
from train_keras.detection.evaluation.scores import Tally


def made(found, pictures):
    """One face a picture, bare in the last half."""
    found = np.array(found, np.float32)
    where = np.arange(len(found)) % pictures
    states = (np.arange(len(found)) >= len(found) // 2).astype(np.int64)
    nothing = np.zeros(0, np.float32)
    return Tally(
        pictures,
        states,
        np.full(len(found), 50, np.float32),
        where,
        found,
        nothing,
        nothing.astype(np.int64),
        nothing.astype(bool),
    )


@pytest.fixture
def faces():
    return made(np.random.default_rng(0).random(400), 200)


def test_same_bounds_each_time(faces):
    everyone = np.ones(400, bool)
    assert recall_interval(faces, 0.5, everyone) == recall_interval(faces, 0.5, everyone)


def test_about_as_wide_as_for_independent_faces(faces):
    low, high = recall_interval(faces, 0.5, np.ones(400, bool))
    recall = faces.recall(0.5)
    assert low < recall < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(recall * (1 - recall) / 400), rel=0.25)


def test_certainty_has_no_width():
    assert recall_interval(made([1.0] * 20, 20), 0.5, np.ones(20, bool)) == (1.0, 1.0)


def test_pictures_are_drawn_not_faces():
    """Ten equal faces a picture tell no more than one."""
    one = made([1.0, 0.0] * 10, 20)
    many = made([1.0, 0.0] * 100, 20)
    assert recall_interval(one, 0.5, np.ones(20, bool)) == pytest.approx(
        recall_interval(many, 0.5, np.ones(200, bool))
    )


def test_nobody(faces):
    assert np.isnan(recall_interval(faces, 0.5, np.zeros(400, bool))).all()
    assert np.isfinite(recall_interval(faces, 0.5, np.arange(400) == 3)).all()  # in few draws only


def test_gain_is_on_the_same_draws(faces):
    everyone = np.ones(400, bool)
    assert gain_interval(faces, faces, (0.5, 0.5), everyone) == (0, 0)
    low, high = gain_interval(faces, faces, (0.4, 0.5), everyone)
    assert 0 < low < faces.recall(0.4) - faces.recall(0.5) < high < 0.2
