import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from edge.errors import DataError
from train_keras.data.faces import Split
from train_keras.occlusion import masked
from train_keras.occlusion.masked import TEST_SEED, find_landmarks, masked_pool, masked_test


@pytest.fixture
def cache(tmp_path, monkeypatch):
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("face_recognition_models (dlib's 68 points) is not installed: requirements-masks.txt")
    monkeypatch.setattr(masked, "CACHE", tmp_path)
    return tmp_path


def test_training_never_draws_the_test_masks(ferplus):
    with pytest.raises(ValueError, match=str(TEST_SEED)):
        masked_pool(ferplus[:2], TEST_SEED, 1)


def test_pool(cache, ferplus):
    faces = ferplus.split(Split.TRAINING)[:24]
    pool = masked_pool(faces, 10, 2)
    assert pool.shape == (2, *faces.images.shape)
    assert (pool != faces.images).mean((2, 3)).min() > 0.03  # every face wears one
    assert (pool[0] != pool[1]).any((1, 2)).all()
    made = sorted(cache.iterdir())
    assert np.array_equal(masked_pool(faces, 10, 2), pool)
    assert sorted(cache.iterdir()) == made  # read, not painted again


def test_mask_of_a_face_depends_on_its_row(cache, ferplus):
    faces = ferplus.split(Split.PUBLIC_TEST)[:24]
    seen = find_landmarks(faces.images)[1]
    whole, part = masked_test(faces), masked_test(faces[8:20])
    same = seen[8:20]  # where dlib finds no face, the template is fitted to the set it stands in
    assert same.sum() > 5
    for of_whole, of_part in zip(whole, part, strict=True):
        assert np.array_equal(of_whole[8:20][same], of_part[same])
    assert not np.array_equal(masked_pool(faces, 7, 1)[0], whole[0])


def test_every_row_draws_its_own_mask(cache, ferplus):
    same = ferplus[np.zeros(6, int)]
    painted = masked_pool(replace(same, rows=np.arange(6)), 7, 1)[0]
    assert len({picture.tobytes() for picture in painted}) == 6


def test_seed_and_variant_have_caches_of_their_own(cache):
    def key(seed, variant):
        return masked._cached("pool", (seed, variant), lambda: np.array([seed, variant])).tolist()

    assert key(1, 10) == [1, 10]
    assert key(11, 0) == [11, 0]


def test_pictures_without_a_face(cache):
    with pytest.raises(DataError, match="none of 3 faces"):
        find_landmarks(np.full((3, 48, 48), 127, np.uint8))
