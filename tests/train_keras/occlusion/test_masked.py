import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from edge.errors import DataError
from train_keras.data.faces import Split
from train_keras.occlusion import masked
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masked import (
    TEST_SEED,
    find_landmarks,
    masked_pool,
    masked_test,
    occluded_pool,
    occluded_test,
    pool_maps,
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("face_recognition_models (dlib's 68 points) is not installed: requirements-masks.txt")
    monkeypatch.setattr(masked, "CACHE", tmp_path)
    return tmp_path


def test_training_never_draws_the_test_masks(ferplus):
    with pytest.raises(ValueError, match=str(TEST_SEED)):
        masked_pool(ferplus[:2], TEST_SEED, 1)


def test_training_never_draws_the_test_occlusions(ferplus):
    for draw in (occluded_pool, pool_maps):
        with pytest.raises(ValueError, match=str(TEST_SEED)):
            draw(ferplus[:2], ("mask", "hand"), TEST_SEED, 1)


def test_pool_of_unknown_kinds(ferplus):
    with pytest.raises(ValueError, match="no occlusion 'beard'"):
        occluded_pool(ferplus[:2], ("mask", "beard"), 1, 1)
    with pytest.raises(ValueError, match="no kinds of occlusion"):
        occluded_pool(ferplus[:2], (), 1, 1)
    with pytest.raises(ValueError, match="no occlusion 'beard'"):
        occluded_test(ferplus[:2], "beard")


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


def test_pool_of_masks_is_the_masked_pool(cache, ferplus):
    faces = ferplus.split(Split.TRAINING)[:16]
    pool = masked_pool(faces, 10, 2)
    made = sorted(cache.iterdir())
    assert np.array_equal(occluded_pool(faces, ("mask",), 10, 2), pool)
    maps = pool_maps(faces, ("mask",), 10, 2)
    assert sorted(cache.iterdir()) == made  # the maps were kept when the masks were painted
    assert maps.shape == pool.shape
    bare = np.broadcast_to(faces.images, pool.shape)
    assert np.array_equal(pool[maps == 0], bare[maps == 0])
    assert (pool != bare)[maps > 128].mean() > 0.9


def test_maps_of_a_pool_that_was_painted_before(cache, ferplus):
    faces = ferplus.split(Split.TRAINING)[:8]
    maps, pool = pool_maps(faces, ("mask",), 10, 1), masked_pool(faces, 10, 1)
    for file in cache.glob("pool-maps-*"):
        file.unlink()
    assert np.array_equal(pool_maps(faces, ("mask",), 10, 1), maps)
    assert np.array_equal(masked_pool(faces, 10, 1), pool)


def test_pool_of_several_kinds(cache, ferplus):
    faces = ferplus.split(Split.TRAINING)[:16]
    kinds = ("mask", "square24", "hand")
    pool, maps = occluded_pool(faces, kinds, 10, 3), pool_maps(faces, kinds, 10, 3)
    assert pool.dtype == maps.dtype == np.uint8
    assert pool.shape == maps.shape == (3, *faces.images.shape)
    bare = np.broadcast_to(faces.images, pool.shape)
    assert np.array_equal(pool[maps == 0], bare[maps == 0])
    squares = (maps == 255).sum((2, 3)) == 81
    assert 0.1 < squares.mean() < 0.6
    assert squares.any(0).sum() > squares.all(0).sum()  # a face wears different kinds
    masks = masked_pool(faces, 10, 3)
    same = (pool == masks).all((2, 3))  # a face that draws a mask wears that of the masked pool
    assert 0.1 < same.mean() < 0.6
    assert np.array_equal(occluded_pool(faces, kinds, 10, 3), pool)
    assert not np.array_equal(occluded_pool(faces, kinds, 11, 3), pool)


def test_kinds_have_caches_of_their_own(cache, ferplus):
    faces = ferplus.split(Split.PUBLIC_TEST)[:16]
    tests = {kind: occluded_test(faces, kind) for kind in Occlusion}
    assert np.array_equal(tests[Occlusion.MASK], masked_test(faces))
    assert len({pictures.tobytes() for pictures, _ in tests.values()}) == len(Occlusion)
    for pictures, maps in tests.values():
        assert np.array_equal(pictures[maps == 0], faces.images[maps == 0])
        assert maps.any((1, 2)).all()
    made = sorted(cache.iterdir())
    again = occluded_test(faces, "scarf")
    assert np.array_equal(again, tests[Occlusion.SCARF])
    assert sorted(cache.iterdir()) == made  # read, not painted again


def test_test_occlusion_of_a_face_depends_on_its_row(cache, ferplus):
    faces = ferplus.split(Split.PUBLIC_TEST)[:24]
    seen = find_landmarks(faces.images)[1]
    whole, part = occluded_test(faces, "hand"), occluded_test(faces[8:20], "hand")
    same = seen[8:20]
    assert same.sum() > 5
    for of_whole, of_part in zip(whole, part, strict=True):
        assert np.array_equal(of_whole[8:20][same], of_part[same])


def test_new_painters_leave_the_cached_masks_alone(cache, monkeypatch):
    def files():
        return {name: masked._file(name, (1, 2)) for name in ("landmarks", "pool", "pool-maps", "test")}

    before, occluded = files(), masked._file("occluded-pool", (1, 2))
    monkeypatch.setattr(masked, "_ALL_SOURCES", masked._ALL_SOURCES[:-1])
    assert files() == before
    assert masked._file("occluded-pool", (1, 2)) != occluded
