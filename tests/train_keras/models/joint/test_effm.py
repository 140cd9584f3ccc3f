import numpy as np
import pytest

from train_keras.joint_batches import heat_maps
from train_keras.models.joint.effm import ELSEWHERE, GROUPS, REGIONS, Expose, FieldMeans, Regions

PLACES = {"brows": (6, 4), "eyes": (20, 6), "nose": (12, 14), "mouth": (14, 25)}


@pytest.mark.parametrize("cells", [16, 32, 56])
def test_a_region_is_where_its_landmarks_are(cells):
    points = np.zeros((1, 68, 2), np.float32)
    for region, (low, high) in GROUPS.items():
        points[:, low:high] = PLACES[region]
    shares = [np.asarray(share)[0, ..., 0] for share in Regions()(heat_maps(points, 32, cells))]
    for region, share in zip(REGIONS, shares, strict=True):
        x, y = (round((place + 0.5) * cells / 32 - 0.5) for place in PLACES[region])
        assert share[y, x] == pytest.approx(1)
        assert share.min() == pytest.approx(ELSEWHERE, abs=1e-3)
        for other in set(REGIONS) - {region}:
            x, y = (round((place + 0.5) * cells / 32 - 0.5) for place in PLACES[other])
            assert share[y, x] == pytest.approx(ELSEWHERE, abs=0.05)
        assert 0.01 < (share > 0.6).mean() < 0.3


def test_every_landmark_but_the_jaw_belongs_to_one_region():
    covered = [point for low, high in GROUPS.values() for point in range(low, high)]
    assert sorted(covered) == list(range(17, 68))


@pytest.mark.parametrize("level", [-3.0, 0.0, 5.0])
def test_shares_stay_in_bounds(level):
    """Heat maps are linear: an untrained network's may be anything."""
    for share in Regions()(np.full((2, 8, 8, 68), level, np.float32)):
        assert np.asarray(share).min() >= ELSEWHERE - 1e-6
        assert np.asarray(share).max() <= 1 + 1e-6


def test_covered_cells_are_dimmed():
    features = np.full((1, 2, 2, 3), 4, np.float32)
    occlusion = np.array([[0, 1], [0.25, 0.5]], np.float32)[None, ..., None]
    exposed = np.asarray(Expose()([features, occlusion]))
    assert exposed[0, ..., 0].tolist() == [[4, 0], [3, 2]]
    assert np.array_equal(exposed[..., 0], exposed[..., 2])


def test_field_means():
    maps = np.random.default_rng(0).normal(size=(2, 12, 12, 3)).astype(np.float32)
    expected = maps.reshape(2, 4, 3, 4, 3, 3).mean((2, 4))
    assert np.asarray(FieldMeans()(maps)) == pytest.approx(expected, abs=1e-6)
    assert FieldMeans().compute_output_shape((None, 12, 12, 3)) == (None, 4, 4, 3)
    with pytest.raises(ValueError, match="square maps, got 8 x 12"):
        FieldMeans()(maps[:, :8])
