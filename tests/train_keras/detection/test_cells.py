import numpy as np
import pytest

from train_keras.detection.cells import (
    CHANNELS,
    MARKS,
    SCORE,
    SIDES,
    STATES,
    boxes_of,
    cells,
    landmarks_of,
    sizes,
    with_cells,
)
from train_keras.models.facet import STRIDES, facet


def test_cells_lie_as_the_maps_do():
    model = facet((96, 64), (4, 4, 8, 8, 8), (0, 0, 0, 0), 8)
    picture = np.random.default_rng(1).uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)
    maps = model(picture, training=False)
    rows = np.asarray(with_cells(model)(picture, training=False))
    centres, strides = cells(96, 64)
    assert rows.shape == (2, len(centres), CHANNELS)
    for stride in STRIDES:
        classes, geometry = (np.asarray(maps[f"{kind}{stride}"]) for kind in ("class", "geometry"))
        for row, column in ((0, 0), (64 // stride - 1, 1)):
            middle = [(column + 0.5) * stride, (row + 0.5) * stride]
            (at,) = np.flatnonzero((strides == stride) & (centres == middle).all(axis=1))
            assert np.array_equal(rows[:, at, SCORE], classes[:, row, column, 0])
            assert np.array_equal(rows[:, at, STATES], classes[:, row, column, 1:])
            assert np.array_equal(rows[:, at, SIDES], geometry[:, row, column, :4])
            assert np.array_equal(rows[:, at, MARKS], geometry[:, row, column, 4:])


def test_boxes_and_landmarks_by_hand():
    centres, strides = np.float32([[20, 12]]), np.float32([8])
    assert np.asarray(boxes_of(np.float32([[1, 0.5, 2, 0]]), centres, strides)) == pytest.approx(
        np.float32([[12, 8, 36, 12]])
    )
    marks = np.float32([[0, 0, 1, 0, 0, 1, -1, -1, 0.5, 0.25]])
    assert np.asarray(landmarks_of(marks, centres, strides)) == pytest.approx(
        np.float32([[20, 12, 28, 12, 20, 20, 12, 4, 24, 14]])
    )


def test_every_size_has_a_scale():
    least, largest = sizes(STRIDES)
    for side in (1, 8, 20, 47, 48, 60, 96, 250, 2000):
        assert ((least <= side) & (side <= largest)).any()
