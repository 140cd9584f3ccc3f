import numpy as np
import pytest
from drawn import grainy, landmarks68
from hypothesis import given, settings
from hypothesis import strategies as st

from train_keras.occlusion.kinds import Occlusion, occlude
from train_keras.occlusion.painter import paint_random

BLACK = [Occlusion.SQUARE8, Occlusion.SQUARE16, Occlusion.SQUARE24, Occlusion.EYES, Occlusion.MOUTH]
# Least and most of a 48 pixel crop that a kind covers, over many draws.
COVERED = {
    Occlusion.MASK: (0.15, 0.5),
    Occlusion.SQUARE8: (9 / 2304, 9 / 2304),
    Occlusion.SQUARE16: (36 / 2304, 36 / 2304),
    Occlusion.SQUARE24: (81 / 2304, 81 / 2304),
    Occlusion.EYES: (0.04, 0.2),
    Occlusion.MOUTH: (0.05, 0.2),
    Occlusion.SUNGLASSES: (0.06, 0.35),
    Occlusion.HAND: (0.1, 0.6),
    Occlusion.SCARF: (0.15, 0.6),
    Occlusion.CREASED: (0.15, 0.55),
}


def crop(shape=(48, 48)):
    return grainy(shape), landmarks68(0.8 * shape[0], (shape[1] / 2, shape[0] / 2 - 2))


def check(picture, painted, covered):
    """What holds for every picture: same kind of picture, and nothing changed outside the map."""
    assert painted.shape == picture.shape
    assert painted.dtype == covered.dtype == np.uint8
    assert covered.shape == picture.shape[:2]
    assert np.array_equal(painted[covered == 0], picture[covered == 0])


@pytest.mark.parametrize("kind", Occlusion)
@pytest.mark.parametrize("shape", [(48, 48), (200, 200), (128, 128, 3)], ids=["crop", "large", "colour"])
def test_map_against_changed_pixels(kind, shape):
    picture, points = crop(shape)
    before = picture.copy()
    for seed in range(5):
        painted, covered = occlude(picture, points, kind, np.random.default_rng(seed))
        check(picture, painted, covered)
        changed = (painted != picture).reshape(*covered.shape, -1).any(-1)
        assert changed[covered > 128].mean() > 0.9
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("kind", BLACK)
def test_black_kinds_are_black_where_the_map_says(kind):
    picture, points = crop((128, 128))
    picture = np.maximum(picture, 1)
    for seed in range(10):
        painted, covered = occlude(picture, points, kind, np.random.default_rng(seed))
        assert set(np.unique(covered)) == {0, 255}
        assert np.array_equal(painted == 0, covered == 255)


@pytest.mark.parametrize("kind", Occlusion)
def test_how_much_a_kind_covers(kind):
    picture, points = crop()
    drawn = [occlude(picture, points, kind, np.random.default_rng(seed))[1] for seed in range(30)]
    shares = [covered.mean() / 255 for covered in drawn]
    least, most = COVERED[kind]
    assert least - 1e-6 <= min(shares)
    assert max(shares) <= most + 1e-6
    assert len({covered.tobytes() for covered in drawn}) > 10


@pytest.mark.parametrize("kind", Occlusion)
def test_seed_decides(kind):
    picture, points = crop()
    first, again, other = (occlude(picture, points, kind, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_masks_are_the_painters():
    picture, points = crop()
    named = occlude(picture, points, "mask", np.random.default_rng(5))
    painted = paint_random(picture, points, np.random.default_rng(5))
    assert np.array_equal(named[0], painted[0])
    assert np.array_equal(named[1], painted[1])


@pytest.mark.parametrize("kind", Occlusion)
def test_grey_and_colour_are_covered_alike(kind):
    grey, points = crop((96, 96))
    colour = np.repeat(grey[..., None], 3, axis=2)
    covered = [occlude(picture, points, kind, np.random.default_rng(6))[1] for picture in (grey, colour)]
    assert np.array_equal(*covered)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.zeros((48, 48), np.float32), r"float32 \[48, 48\]"),
        (np.zeros(48, np.uint8), r"uint8 \[48\]"),
        (np.zeros((48, 48, 4), np.uint8), r"uint8 \[48, 48, 4\]"),
    ],
    ids=["floats", "a row", "four channels"],
)
def test_no_picture(picture, reason):
    with pytest.raises(ValueError, match=reason):
        occlude(picture, crop()[1], "hand", np.random.default_rng(0))


def test_no_landmarks():
    picture, points = crop()
    with pytest.raises(ValueError, match=r"landmarks \[5, 2\]"):
        occlude(picture, points[:5], "eyes", np.random.default_rng(0))
    points[3] = np.nan
    with pytest.raises(ValueError, match="134 numbers finite"):
        occlude(picture, points, "eyes", np.random.default_rng(0))


def test_no_such_kind():
    with pytest.raises(ValueError, match="no occlusion 'beard': expected one of mask, square8"):
        occlude(*crop(), "beard", np.random.default_rng(0))


@pytest.mark.parametrize("kind", [kind for kind in Occlusion if kind not in BLACK])
def test_face_outside_the_picture(kind):
    picture = grainy((60, 60))
    painted, covered = occlude(picture, landmarks68(40, (900, -900)), kind, np.random.default_rng(8))
    assert not covered.any()
    assert np.array_equal(painted, picture)


@pytest.mark.parametrize("kind", Occlusion)
@pytest.mark.parametrize("level", [0, 255])
def test_flat_pictures(kind, level):
    picture = np.full((60, 60), level, np.uint8)
    painted, covered = occlude(picture, landmarks68(45, (30, 28)), kind, np.random.default_rng(6))
    check(picture, painted, covered)
    assert covered.any()


@pytest.mark.parametrize("kind", [kind for kind in Occlusion if kind not in ("mask", "creased")])
def test_landmarks_in_one_point(kind):
    picture = grainy((48, 48))
    painted, covered = occlude(picture, np.full((68, 2), 20.0, np.float32), kind, np.random.default_rng(1))
    check(picture, painted, covered)


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(list(Occlusion)),
    size=st.tuples(st.integers(8, 110), st.integers(8, 110)),
    width=st.floats(3, 160),
    centre=st.tuples(st.floats(-30, 140), st.floats(-30, 140)),
    degrees=st.floats(-180, 180),
    jitter=st.floats(0, 6),
    seed=st.integers(0, 2**16),
    colour=st.booleans(),
)
def test_any_face(kind, size, width, centre, degrees, jitter, seed, colour):
    picture = grainy((*size, 3) if colour else size)
    rng = np.random.default_rng(seed)
    points = landmarks68(width, centre, degrees) + rng.normal(0, jitter, (68, 2)).astype(np.float32)
    painted, covered = occlude(picture, points, kind, rng)
    check(picture, painted, covered)
