import numpy as np
import pytest

from train_keras.augment import Augmentation, augment

STILL = Augmentation(
    rotation=0, shift=0, zoom=0, aspect=0, flip=0, brightness=0, contrast=0, noise=0, resample=0, erase=0
)


@pytest.fixture
def face(ferplus):
    return ferplus.images[0]


def test_seed_decides(face):
    first, again, other = (
        augment(face, np.random.default_rng(s), Augmentation(erase=0.5)) for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shape_and_range(face):
    wild = Augmentation(rotation=40, shift=0.3, zoom=0.5, brightness=0.5, contrast=1.0, noise=0.3, erase=1.0)
    before = face.copy()
    for seed in range(40):
        out = augment(face, np.random.default_rng(seed), wild)
        assert out.shape == face.shape
        assert out.dtype == np.float32
        assert out.min() >= 0
        assert out.max() <= 255
    assert np.array_equal(face, before)


def test_no_strength_changes_nothing(face):
    assert np.abs(augment(face, np.random.default_rng(0), STILL) - face).max() < 0.01


def test_flip_mirrors(face):
    flipped = augment(face, np.random.default_rng(0), Augmentation(**{**strengths(STILL), "flip": 1.0}))
    assert np.abs(flipped - face[:, ::-1]).max() < 0.01


def test_resampling_softens(face):
    soft = Augmentation(**{**strengths(STILL), "resample": 1.0})
    sharpness = np.abs(np.diff(face.astype(float))).mean()
    for seed in range(10):
        out = augment(face, np.random.default_rng(seed), soft)
        assert 0.2 * sharpness < np.abs(np.diff(out)).mean() < sharpness
        assert abs(out.mean() - face.mean()) < 2


def test_shift_is_a_share_of_the_side():
    dot = np.zeros((96, 96), np.uint8)
    dot[46:50, 46:50] = 255
    moved = Augmentation(**{**strengths(STILL), "shift": 0.1})
    places = []
    for seed in range(200):
        out = augment(dot, np.random.default_rng(seed), moved)
        places.append([(axis * out).sum() / out.sum() for axis in np.indices(out.shape)])
    assert np.std(places, axis=0) / 96 == pytest.approx([0.1, 0.1], abs=0.015)
    assert np.mean(places, axis=0) == pytest.approx([47.5, 47.5], abs=2.5)


def strengths(augmentation):
    return {name: getattr(augmentation, name) for name in augmentation.__dataclass_fields__}
