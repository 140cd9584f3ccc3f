import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.detectors.decoding
from edge.detectors.decoding import CANDIDATES, OVERLAP, Level, Quantisation, decode

WIDTH, HEIGHT, STRIDES = 96, 64, (8, 16, 32)
CELLS = [
    (level, row, column)
    for level, stride in enumerate(STRIDES)
    for row in range(HEIGHT // stride)
    for column in range(WIDTH // stride)
]
byte = st.integers(-128, 127)
# A cell's score, mask states, sides and landmarks. No box is without area, whose overlap hangs on rounding.
contents = st.tuples(
    byte,
    st.lists(byte, min_size=3, max_size=3),
    st.lists(st.integers(41, 127), min_size=4, max_size=4),
    st.lists(byte, min_size=10, max_size=10),
)
quantisation = st.builds(
    Quantisation, st.sampled_from([0.02, 0.0471, 0.11]), st.integers(-40, 40).map(float), st.just(True)
)
F = np.float32


def empty_maps(dtype=np.int8, lowest=-128):
    maps = []
    for stride in STRIDES:
        shape = (1, HEIGHT // stride, WIDTH // stride)
        maps.append((np.full((*shape, 4), lowest, dtype), np.zeros((*shape, 14), dtype)))
    return maps


def levels_of(quantisations, threshold):
    return [
        Level(stride, HEIGHT // stride, WIDTH // stride, *pair, threshold)
        for stride, pair in zip(STRIDES, quantisations, strict=True)
    ]


def slow_decode(maps, quantisations, threshold):
    """The same in plain loops: every cell, every number, one after another."""
    found = []
    for level, row, column in CELLS:
        stride = STRIDES[level]
        (of_class, of_geometry), (classes, geometry) = quantisations[level], maps[level]
        stored = classes[0, row, column]
        logit = (F(stored[0]) - F(of_class.zero)) * F(of_class.scale)
        if 1 / (1 + np.exp(-float(logit))) < threshold:
            continue
        state = max(range(3), key=lambda k: stored[1 + k])
        real = [(float(value) - of_geometry.zero) * of_geometry.scale for value in geometry[0, row, column]]
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        left, top, right, bottom, *marks = (value * stride for value in real)
        points = [x - left, y - top, x + right, y + bottom]
        points += [offset + (x, y)[k % 2] for k, offset in enumerate(marks)]
        found.append((logit, points, state))
    found.sort(key=lambda face: -face[0])
    kept = []
    for face in found:
        if all(overlap_of(face[1], other[1]) <= OVERLAP for other in kept):
            kept.append(face)
    return kept


def overlap_of(a, b):
    across = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area, other = (max(0, box[2] - box[0]) * max(0, box[3] - box[1]) for box in (a, b))
    union = area + other - across * down
    return across * down / union if union > 0 else 0


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(CELLS), contents, max_size=20),
    st.lists(st.tuples(quantisation, quantisation), min_size=3, max_size=3),
    st.sampled_from([0.05, 0.3, 0.5, 0.62, 0.97]),
)
def test_decoding_finds_what_plain_loops_find(lit, quantisations, threshold):
    maps = empty_maps()
    for (level, row, column), (score, states, sides, marks) in lit.items():
        maps[level][0][0, row, column] = [score, *states]
        maps[level][1][0, row, column] = [*sides, *marks]
    expected = slow_decode(maps, quantisations, threshold)
    found = decode(levels_of(quantisations, threshold), maps)
    assert len(found.scores) == len(expected)
    for number, (logit, points, state) in enumerate(expected):
        assert found.scores[number] == pytest.approx(1 / (1 + np.exp(-float(logit))), abs=1e-6)
        assert found.points[number] == pytest.approx(points, abs=1e-3)
        assert found.states[number] == state


def test_maps_of_a_float_model():
    maps = empty_maps(np.float32, -9.0)
    maps[1][0][0, 2, 3] = [1.5, 0.1, 0.3, 0.2]
    maps[1][1][0, 2, 3] = [1, 0.5, 2, 1.5, *[0.25, -0.25] * 5]
    maps[0][0][0, 1, 1, 0] = np.nan
    plain = Quantisation()
    found = decode(levels_of([(plain, plain)] * 3, 0.8), maps)
    assert found.points.tolist() == [[40, 32, 88, 64, *[60, 36] * 5]]
    assert found.scores.tolist() == pytest.approx([0.8175745])
    assert found.states.tolist() == [1]
    assert len(decode(levels_of([(plain, plain)] * 3, 0.82), maps).scores) == 0


@pytest.mark.parametrize("dtype", [np.int8, np.float32])
def test_a_network_that_sees_faces_everywhere_is_cut_short(dtype):
    rng = np.random.default_rng(0)
    shape = (1, 64, 64)
    classes = rng.integers(0, 127, (*shape, 4)).astype(dtype)
    geometry = np.full((*shape, 14), 1, dtype)
    quantised = Quantisation(1 / 16, 0.0, dtype == np.int8)
    level = Level(8, 64, 64, quantised, quantised, 0.5)
    found = decode([level, level], [(classes, geometry)] * 2)
    assert len(found.scores) == 256
    assert (np.diff(found.scores) <= 0).all()
    surest = np.sort(classes[..., 0].ravel())[::-1]
    assert found.scores[-1] >= 1 / (1 + np.exp(-surest[CANDIDATES] / 16)) - 1e-6


def test_a_threshold_beyond_what_the_map_can_hold_finds_nothing():
    maps = empty_maps(lowest=127)
    coarse = Quantisation(0.01, 0.0, whole=True)
    assert len(decode(levels_of([(coarse, coarse)] * 3, 0.999), maps).scores) == 0
    assert len(decode(levels_of([(coarse, coarse)] * 3, 0.001), maps).scores) > 0


def test_examples():
    assert doctest.testmod(edge.detectors.decoding).failed == 0
