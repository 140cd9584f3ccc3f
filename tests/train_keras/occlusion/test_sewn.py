"""The second painter: what it paints, and that neither training nor the first painter knows of it."""

import ast
import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn import grainy, landmarks68
from hypothesis import given, settings
from hypothesis import strategies as st

import train_keras
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masks import draw_mask
from train_keras.occlusion.painter import paint_mask
from train_keras.occlusion.patterns import SHEET, Pattern, draw_pattern
from train_keras.occlusion.sewn import USED, sew

SIZE = 96
POINTS = landmarks68(66, (48, 42))
ROOT = Path(train_keras.__file__).parents[1]
TESTS_ONLY = {
    "train_keras.occlusion.sewn",
    "train_keras.occlusion.patterns",
    "train_keras.occlusion.cuttings",
}


def sewn(seed, kind=None, rise=None, points=POINTS, picture=None):
    picture = grainy((SIZE, SIZE)) if picture is None else picture
    return sew(picture, points, np.random.default_rng(seed), kind, rise)


def at(covered, points):
    columns, rows = np.clip(np.round(points).astype(int).T, 0, covered.shape[0] - 1)
    return covered[rows, columns]


@functools.cache
def imports():
    """The modules of this project that each module imports, at its top or inside a function."""
    found = {}
    for package in ("edge", "train_keras", "convert"):
        for file in (ROOT / package).rglob("*.py"):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            names = set()
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            found[name] = names
    return {name: names & set(found) for name, names in found.items()}


def test_training_never_uses_it():
    graph = imports()
    assert set(graph) >= TESTS_ONLY
    users = {name for name, names in graph.items() if names & TESTS_ONLY} - TESTS_ONLY
    assert users
    assert all(name.startswith("train_keras.conditions.") for name in users)
    outside = {
        name
        for name, names in graph.items()
        if not name.startswith("train_keras.conditions")
        and any(used.startswith("train_keras.conditions") for used in names)
    }
    assert outside == {"train_keras.commands"}  # `mien evaluate`; what follows shows that it goes no further
    reached, waiting = (
        set(),
        ["train_keras.training", "train_keras.crossval.fold", "train_keras.detection.training"],
    )
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    assert "train_keras.occlusion.painter" in reached
    assert "train_keras.commands" not in reached
    assert not reached & TESTS_ONLY
    assert not {kind.value for kind in Occlusion} & {"sewn", "second"}  # no recipe can name it


def test_it_shares_no_drawing_code_with_the_first():
    graph = imports()
    for module in ("train_keras.occlusion.sewn", "train_keras.occlusion.patterns"):
        assert graph[module] <= {"train_keras.occlusion.patterns", "edge.types"}


def test_the_painters_share_no_landmarks():
    """What moves one painter's mask leaves the other's where it is."""
    rng = np.random.default_rng(0)
    others = np.setdiff1d(np.arange(68), USED)
    moved = {name: POINTS.copy() for name in ("used", "others")}
    moved["used"][USED] += rng.normal(0, 1.5, (len(USED), 2)).astype(np.float32)
    moved["others"][others] += rng.normal(0, 1.5, (len(others), 2)).astype(np.float32)
    for seed in range(5):
        picture, mask = grainy((SIZE, SIZE)), draw_mask(np.random.default_rng(seed), below_nose=False)
        first = {n: paint_mask(picture, p, mask)[1] for n, p in (moved | {"none": POINTS}).items()}
        second = {n: sewn(seed, points=p)[1] for n, p in (moved | {"none": POINTS}).items()}
        assert np.array_equal(first["none"], first["used"])
        assert not np.array_equal(first["none"], first["others"])
        assert np.array_equal(second["none"], second["others"])
        assert not np.array_equal(second["none"], second["used"])


@pytest.mark.parametrize("kind", Pattern)
def test_where_it_lies(kind):
    picture = grainy((SIZE, SIZE))
    for seed in range(10):
        painted, covered = sewn(seed, kind, picture=picture)
        assert painted.dtype == covered.dtype == np.uint8
        assert at(covered, POINTS[48:60]).min() > 240  # the mouth
        assert not at(covered, POINTS[36:48]).any()  # the eyes
        assert np.array_equal(painted[covered == 0], picture[covered == 0])
        assert (painted != picture)[covered > 128].mean() > 0.9


def test_height_decides_what_is_free():
    shares = [sewn(3, Pattern.CLOTH, rise)[1].mean() for rise in (0.1, 0.3, 0.5, 0.8, 1.35)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.4 * shares[0]
    assert not at(sewn(3, Pattern.CLOTH, 0.85)[1], POINTS[30:31]).any()  # the tip of the nose
    assert not at(sewn(3, Pattern.CLOTH, 1.35)[1], POINTS[48:60]).any()  # the mouth


def test_seed_and_kind_decide():
    first, again, other = sewn(1), sewn(1), sewn(2)
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    sheets = [draw_pattern(kind, np.random.default_rng(4)) for kind in Pattern]
    assert all(s.reflectance.shape == s.coverage.shape == SHEET for s in sheets)
    assert len({s.reflectance.tobytes() for s in sheets}) == len(Pattern)
    assert sheets[-1].reflectance.max() < sheets[0].reflectance.max()  # dark, surgical


def test_cloth_takes_the_light_of_the_face():
    bright, dim = (sewn(5, Pattern.SURGICAL, picture=grainy((SIZE, SIZE), level)) for level in (190, 60))
    inside = bright[1] > 250
    assert bright[0][inside].mean() > 2 * dim[0][inside].mean()


@pytest.mark.parametrize("shape", [(48, 48, 3), (48,)])
def test_only_grey_pictures(shape):
    with pytest.raises(ValueError, match=r"expected uint8 \[H, W\]"):
        sew(np.zeros(shape, np.uint8), POINTS, np.random.default_rng(0))
    with pytest.raises(ValueError, match="float32"):
        sew(np.zeros((48, 48), np.float32), POINTS, np.random.default_rng(0))


@settings(max_examples=40, deadline=None)
@given(
    width=st.floats(3, 160),
    centre=st.tuples(st.floats(-30, 140), st.floats(-30, 140)),
    degrees=st.floats(-180, 180),
    jitter=st.floats(0, 6),
    rise=st.none() | st.floats(0.05, 1.4),
    seed=st.integers(0, 2**16),
)
def test_any_face(width, centre, degrees, jitter, rise, seed):
    noise = np.random.default_rng(seed).normal(0, jitter, (68, 2)).astype(np.float32)
    picture = grainy((48, 60))
    painted, covered = sewn(seed, None, rise, landmarks68(width, centre, degrees) + noise, picture)
    assert painted.shape == covered.shape == picture.shape
    assert np.array_equal(painted[covered == 0], picture[covered == 0])


def test_landmarks_in_one_point():
    painted, covered = sewn(1, points=np.full((68, 2), 20.0, np.float32))
    assert painted.shape == covered.shape == (SIZE, SIZE)


def test_masks_of_the_first_painter_may_hang_on_the_chin():
    """`conditions` asks it for masks that leave the mouth free."""
    mask = replace(draw_mask(np.random.default_rng(1)), top=3.2, cheek=2.9)
    covered = paint_mask(grainy((SIZE, SIZE)), POINTS, mask)[1]
    assert at(covered, POINTS[48:55]).max() < 40  # no more than a loop that passes the corner
    assert at(covered, POINTS[7:10]).min() > 200
