import numpy as np
import pytest

from train_keras.data.faces import Faces
from train_keras.data.fer2013 import one_hot
from train_keras.data.splitting import folds, hold_out, linked


def faces_of(count, people=None, seed=0, copies=()):
    """Different random pictures, but for the pairs in `copies`; every class in turn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 6, 6), np.uint8)
    for one, other in copies:
        images[other] = images[one]
    identities = None if people is None else np.array(people, np.str_)
    return Faces(
        images,
        one_hot(np.arange(count) % 7),
        np.zeros(count, np.int8),
        np.arange(count),
        identities=identities,
    )


def people_of(count, each):
    return [f"P{i // each:02}" for i in range(count)]


def test_every_face_is_tested_once_and_nobody_twice():
    faces = faces_of(280, people_of(280, 14))
    pairs = folds(faces, 5, 1)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in pairs])), np.arange(280))
    for training, test in pairs:
        assert training.dtype == test.dtype == np.int64
        assert np.array_equal(np.union1d(training, test), np.arange(280))
        assert not set(faces.identities[training]) & set(faces.identities[test])
        assert np.bincount(faces.classes[test]).tolist() == [8] * 7


def test_without_people_classes_are_even_and_copies_together():
    copies = [(0, 7), (0, 14), (21, 5)]
    faces = faces_of(210, copies=copies)
    for training, test in folds(faces, 3, 0):
        assert not {faces.images[i].tobytes() for i in training} & {faces.images[i].tobytes() for i in test}
        counts = np.bincount(faces.classes[test], minlength=7)
        assert counts.max() - counts.min() <= 4


def test_a_copy_under_two_names_joins_both():
    faces = faces_of(70, people_of(70, 7), copies=[(0, 8), (9, 69)])
    groups = linked(faces)
    assert groups[0] == groups[8] == groups[13] == groups[63] == groups[69]
    assert len(set(groups)) == 8
    for training, test in folds(faces, 4, 3):
        assert not set(groups[training]) & set(groups[test])


def test_the_seed_decides():
    faces = faces_of(140, people_of(140, 7))
    one, again, other = (folds(faces, 4, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, again, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(one, other, strict=True))
    nameless = faces_of(140)
    assert np.array_equal(hold_out(nameless, 0.3, 5)[1], hold_out(nameless, 0.3, 5)[1])
    assert not np.array_equal(hold_out(nameless, 0.3, 5)[1], hold_out(nameless, 0.3, 6)[1])


@pytest.mark.parametrize("share", [0.1, 0.15, 0.2, 0.4, 0.5, 0.8])
def test_held_out_share(share):
    named, nameless = faces_of(1400, people_of(1400, 14)), faces_of(1400, copies=[(3, 700), (11, 12)])
    for faces in (named, nameless):
        training, held = hold_out(faces, share, 0)
        assert np.array_equal(np.union1d(training, held), np.arange(1400))
        assert len(np.intersect1d(training, held)) == 0
        assert abs(len(held) / 1400 - share) < 0.02
        assert abs(np.bincount(faces.classes[held]) / 200 - share).max() < 0.03
        groups = linked(faces)
        assert not set(groups[training]) & set(groups[held])


def test_few_people_round_the_share():
    faces = faces_of(70, people_of(70, 7))
    training, held = hold_out(faces, 0.15, 0)
    assert len(set(faces.identities[held])) in (1, 2)
    assert len(training) + len(held) == 70


@pytest.mark.parametrize(
    ("k", "message"), [(1, "1 folds: cross"), (0, "0 folds"), (11, "11 folds of 10 different people")]
)
def test_wrong_number_of_folds(k, message):
    with pytest.raises(ValueError, match=message):
        folds(faces_of(70, people_of(70, 7)), k, 0)


def test_more_folds_than_pictures():
    with pytest.raises(ValueError, match="4 folds of 3 different pictures: choose 3 folds or fewer"):
        folds(faces_of(4, copies=[(0, 1)]), 4, 0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_wrong_share(share):
    with pytest.raises(ValueError, match="hold out more than none and less than all"):
        hold_out(faces_of(70), share, 0)


def test_share_of_too_few_people():
    for people, share in ((1, 0.5), (5, 0.02)):
        with pytest.raises(ValueError, match=rf"share {share} of {people} people"):
            hold_out(faces_of(70, people_of(70, 70 // people)), share, 0)
