import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train_keras.augment import Augmentation
from train_keras.batches import FaceBatches
from train_keras.data.faces import Split
from train_keras.mixup import mix


@given(st.integers(0, 99), st.floats(0.05, 5))
def test_targets_are_mixed_as_the_faces_are(seed, alpha):
    """Each face is its own number, and so is its target: both stay the same number."""
    numbers = np.arange(6, dtype=np.float32)
    faces = np.tile(numbers[:, None, None, None], (1, 4, 4, 1))
    maps = np.tile(numbers[:, None, None], (1, 3, 3))
    mixed, targets = mix(faces, {"one": numbers[:, None], "map": maps}, np.random.default_rng(seed), alpha)
    assert mixed.dtype == targets["one"].dtype == np.float32
    assert mixed[:, 0, 0, 0] == pytest.approx(targets["one"][:, 0], abs=1e-5)
    assert targets["map"][:, 2, 1] == pytest.approx(targets["one"][:, 0], abs=1e-5)
    assert np.abs(targets["one"][:, 0] - numbers).max() <= 2.5 + 1e-5, "the larger part is the face itself"


def test_distributions_stay_distributions():
    votes = np.random.default_rng(1).dirichlet(np.ones(7), 32).astype(np.float32)
    _, targets = mix(np.zeros((32, 4, 4, 1), np.float32), {"votes": votes}, np.random.default_rng(2), 0.4)
    assert targets["votes"].sum(1) == pytest.approx(np.ones(32), abs=1e-5)
    assert not np.allclose(targets["votes"], votes)


def test_a_recipe_mixes_what_it_would_have_shown_alone(ferplus):
    faces = ferplus.split(Split.TRAINING)[:32]

    def batch(alpha):
        made = FaceBatches(
            faces, faces.images[None], masked=0, batch_size=32, seed=4, augmentation=Augmentation(mixup=alpha)
        )
        return made[0]

    (alone, labels), (mixed, shares) = batch(0), batch(0.5)
    for picture, share in zip(mixed, shares, strict=True):
        errors = [
            np.abs(picture - (weight * alone[i] + (1 - weight) * alone[j])).max()
            for i in range(32)
            for j in range(32)
            if (weight := _weight(share, labels[i], labels[j])) is not None
        ]
        assert min(errors) < 1e-4


def _weight(share, one, other):
    """The share of `one` that makes this mixture with `other`, if one does."""
    apart = one - other
    weight = float((share - other) @ apart / max(float(apart @ apart), 1e-9)) if apart.any() else 1.0
    fits = np.allclose(weight * one + (1 - weight) * other, share, atol=1e-4)
    return weight if fits and 0.49 < weight < 1.01 else None
