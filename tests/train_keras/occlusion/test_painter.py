from dataclasses import replace

import numpy as np
import pytest
from drawn import grainy, landmarks68
from hypothesis import given, settings
from hypothesis import strategies as st

from train_keras.occlusion.masks import Kind, draw_mask
from train_keras.occlusion.painter import paint_mask, paint_random

NOSE_BRIDGE, NOSE_TIP, MOUTH = [27, 28, 29], 30, [48, 51, 54, 57]


def pixels(points):
    columns, rows = np.round(points).astype(int).T
    return rows, columns


def check(picture, painted, covered):
    """What holds for every picture: same kind of picture, and nothing changed outside the map."""
    assert painted.shape == picture.shape
    assert painted.dtype == covered.dtype == np.uint8
    assert covered.shape == picture.shape[:2]
    assert np.array_equal(painted[covered == 0], picture[covered == 0])


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("shape", [(120, 100), (120, 100, 3)], ids=["grey", "colour"])
def test_map_against_changed_pixels(kind, shape):
    picture, points = grainy(shape), landmarks68(70, (50, 55))
    painted, covered = paint_random(picture, points, np.random.default_rng(4), kind)
    check(picture, painted, covered)
    changed = (painted != picture).reshape(*covered.shape, -1).any(-1)
    assert changed[covered > 128].mean() > 0.9
    assert 0.1 < (covered > 128).mean() < 0.5
    assert covered[pixels(points[MOUTH])].min() == 255
    assert covered[pixels(points[19:25])].max() == 0  # brows


def test_nothing_shines_through():
    rows, columns = np.indices((120, 100))
    checkers = np.where((rows + columns) % 2, 250, 5).astype(np.uint8)
    painted, covered = paint_random(checkers, landmarks68(70, (50, 55)), np.random.default_rng(1), Kind.CLOTH)
    steps = np.abs(np.diff(painted.astype(int), axis=1))[(covered[:, 1:] == 255) & (covered[:, :-1] == 255)]
    assert steps.size > 500
    assert np.median(steps) < 20  # 245 between the bare pixels


def test_seed_decides():
    picture, points = grainy((96, 96)), landmarks68(60, (48, 45))
    first, again, other = (
        paint_random(picture, points, np.random.default_rng(seed), Kind.PATTERNED) for seed in (3, 3, 4)
    )
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("seed", range(8))
def test_worn_below_the_nose(seed):
    picture, points = grainy((140, 120)), landmarks68(84, (60, 62))
    mask = replace(draw_mask(np.random.default_rng(seed), below_nose=True), loops=None)
    covered = paint_mask(picture, points, mask)[1]
    assert covered[pixels(points[[*NOSE_BRIDGE, NOSE_TIP]])].max() == 0
    assert covered[pixels(points[[57, 8]] - (0, 4))].min() == 255  # lower lip and chin
    worn_well = replace(draw_mask(np.random.default_rng(seed), below_nose=False), loops=None)
    assert paint_mask(picture, points, worn_well)[1][pixels(points[[NOSE_TIP]])] == 255


def test_mask_turns_with_the_head():
    picture = grainy((161, 161))
    mask = replace(draw_mask(np.random.default_rng(2), Kind.SURGICAL), tilt=0.0, loops=None)
    upright = paint_mask(picture, landmarks68(80, (80, 80)), mask)[1] > 128
    lying = paint_mask(picture, landmarks68(80, (80, 80), 90), mask)[1] > 128
    turned = np.rot90(upright, -1)
    assert (turned & lying).sum() / (turned | lying).sum() > 0.93


def test_mask_takes_the_light_of_the_face():
    points, mask = landmarks68(70, (50, 55)), draw_mask(np.random.default_rng(5), Kind.N95)
    levels = []
    for level in (50, 150):
        painted, covered = paint_mask(grainy((120, 100), level), points, mask)
        levels.append(painted[covered == 255].mean())
    assert levels[1] > 1.8 * levels[0]


@pytest.mark.parametrize("level", [0, 255])
def test_flat_pictures(level):
    picture = np.full((90, 90), level, np.uint8)
    painted, covered = paint_random(picture, landmarks68(60, (45, 40)), np.random.default_rng(6), Kind.DARK)
    check(picture, painted, covered)
    assert (painted[covered > 200] != level).mean() > 0.9


@pytest.mark.parametrize(
    ("width", "centre"),
    [(12, (24, 24)), (600, (320, 300)), (60, (0, 0)), (60, (89, 20)), (300, (45, 45))],
    ids=["tiny", "large", "corner", "edge", "larger than the picture"],
)
def test_faces_of_every_size_and_place(width, centre):
    picture = grainy((640, 640) if width == 600 else (90, 90))
    painted, covered = paint_random(picture, landmarks68(width, centre), np.random.default_rng(7))
    check(picture, painted, covered)
    assert (covered > 128).any()
    assert (painted != picture).any()


def test_face_outside_the_picture():
    picture = grainy((60, 60))
    painted, covered = paint_random(picture, landmarks68(40, (400, -300)), np.random.default_rng(8))
    assert not covered.any()
    assert np.array_equal(painted, picture)


@settings(max_examples=40, deadline=None)
@given(
    width=st.floats(6, 200),
    centre=st.tuples(st.floats(-40, 160), st.floats(-40, 160)),
    degrees=st.floats(-180, 180),
    stretch=st.floats(0.6, 1.5),
    shear=st.floats(-0.3, 0.3),
    seed=st.integers(0, 2**16),
    colour=st.booleans(),
)
def test_any_affine_face(width, centre, degrees, stretch, shear, seed, colour):
    picture = grainy((120, 110, 3) if colour else (120, 110))
    points = landmarks68(width, (0, 0), degrees) @ np.array([[1.0, shear], [0.0, stretch]]) + centre
    painted, covered = paint_random(picture, points, np.random.default_rng(seed))
    check(picture, painted, covered)
    reach = 0.15 * np.linalg.norm(points[16] - points[0]) + 2
    rows, columns = np.nonzero(covered)
    spots = np.column_stack([columns, rows])
    assert (spots >= points.min(0) - reach).all()
    assert (spots <= points.max(0) + reach).all()
