import cv2
import numpy as np
import pytest

from train_keras.augment import MIRRORED, Augmentation, augment, augment_with

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


@pytest.mark.parametrize("strength", [Augmentation(), Augmentation(resample=0.9, erase=0.6, flip=0.1)])
def test_trained_recipes_see_the_same_pictures(strength):
    """Draws and arithmetic are those that the shipped weights were trained with, to the last bit."""
    image = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    cover, points = np.zeros_like(image), np.zeros((68, 2), np.float32)
    for seed in range(60):
        generators = [np.random.default_rng(seed) for _ in range(3)]
        expected = as_trained(image, generators[0], strength)
        assert np.array_equal(augment(image, generators[1], strength), expected)
        assert np.array_equal(augment_with(image, cover, points, generators[2], strength)[0], expected)
        assert len({rng.random() for rng in generators}) == 1  # and they leave the generator where it was


def test_map_and_landmarks_follow_the_picture():
    """A bright square, its map and a landmark at its centre stay together."""
    image = np.zeros((48, 48), np.uint8)
    image[26:33, 12:19] = 255
    points = np.full((68, 2), (15.0, 29.0), np.float32)
    wild = Augmentation(
        rotation=25, shift=0.08, zoom=0.2, aspect=0.1, brightness=0, contrast=0, noise=0, resample=0
    )
    places = []
    for seed in range(60):
        picture, cover, moved = augment_with(image, image, points, np.random.default_rng(seed), wild)
        assert cover.dtype == np.uint8
        assert moved.shape == (68, 2)
        assert moved.dtype == np.float32
        if moved[0].min() < 8 or moved[0].max() > 40:
            continue  # partly outside, where its centre of gravity is another one
        assert np.abs(picture - cover).mean() < 2  # cubic or linear
        assert np.ptp(moved, axis=0).max() == 0
        assert centre(cover) == pytest.approx(moved[0], abs=0.35)
        assert centre(picture) == pytest.approx(moved[0], abs=0.35)
        places.append(moved[0])
    assert len(places) > 40
    assert np.ptp(places, axis=0).min() > 8


def test_mirrored_landmarks_stay_on_their_side():
    """The wearer's right eye is on the picture's left, in a mirrored picture as well."""
    image, points = np.zeros((48, 48), np.uint8), np.arange(136, dtype=np.float32).reshape(68, 2) % 48
    flip = Augmentation(**{**strengths(STILL), "flip": 1.0})
    moved = augment_with(image, image, points, np.random.default_rng(0), flip)[2]
    for landmark, source in {
        0: 16,
        8: 8,
        17: 26,
        30: 30,
        31: 35,
        36: 45,
        41: 46,
        48: 54,
        57: 57,
        60: 64,
    }.items():
        assert moved[landmark] == pytest.approx((47 - points[source, 0], points[source, 1]), abs=1e-3)


def test_mirroring_twice_changes_nothing():
    assert np.array_equal(MIRRORED[MIRRORED], np.arange(68))


def test_mirrored_mean_face_is_a_face(ferplus, landmarks68):
    """A symmetric face's landmarks move little when mirrored; in a wrong order they would cross."""
    from train_keras.occlusion.masked import find_landmarks

    face = np.median(find_landmarks(ferplus.images[:200])[0], axis=0)
    mirrored = np.stack([47 - face[:, 0], face[:, 1]], 1)[MIRRORED]
    assert np.abs(mirrored - face).max() < 2.5


def test_an_erased_patch_is_covered():
    image = np.full((48, 48), 100, np.uint8)
    always = Augmentation(**{**strengths(STILL), "erase": 1.0})
    for seed in range(20):
        picture, cover, _ = augment_with(
            image, np.zeros_like(image), np.zeros((68, 2), np.float32), np.random.default_rng(seed), always
        )
        patch = np.abs(picture - 100) > 0.5
        assert set(np.unique(cover)) == {0, 255}
        assert 0 < (cover > 0).mean() < 0.2
        assert not patch[cover == 0].any()
        assert patch[cover > 0].all() or np.ptp(picture) < 2  # a patch may have drawn the face's own level


@pytest.mark.parametrize(
    ("cover", "points"), [((47, 48), (68, 2)), ((48, 48, 1), (68, 2)), ((48, 48), (5, 2)), ((48, 48), (68,))]
)
def test_map_or_landmarks_of_another_face(cover, points):
    with pytest.raises(ValueError, match=r"needs an occlusion map of its size and 68 points, got \("):
        augment_with(
            np.zeros((48, 48), np.uint8),
            np.zeros(cover, np.uint8),
            np.zeros(points, np.float32),
            np.random.default_rng(0),
            STILL,
        )


def centre(picture):
    return np.array([(axis * picture).sum() / picture.sum() for axis in np.indices(picture.shape)])[::-1]


def as_trained(image, rng, strength):
    """`augment` as it was when the shipped weights were trained."""
    side = image.shape[0]
    r, draw = rng.standard_normal(8), rng.random(6)
    angle = np.deg2rad(np.clip(r[0], -2.5, 2.5) * strength.rotation)
    zoom = np.exp(np.clip(r[1], -2.5, 2.5) * strength.zoom)
    stretch = np.exp(np.clip(r[2], -2.5, 2.5) * strength.aspect)
    mirror = -1.0 if draw[0] < strength.flip else 1.0
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    linear = np.array([[cos * stretch * mirror, -sin / stretch], [sin * stretch * mirror, cos / stretch]])
    centre = (side - 1) / 2
    offset = centre + np.clip(r[3:5], -2.5, 2.5) * strength.shift * side - linear @ np.array([centre, centre])
    flags = cv2.INTER_CUBIC if draw[1] < 0.5 else cv2.INTER_LINEAR
    matrix = np.column_stack([linear, offset])
    face = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if draw[2] < strength.resample and draw[3] < 0.6:
        small = round(side * (0.42 + 0.83 * draw[3]))
        little = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
        face = cv2.resize(little, (side, side), interpolation=cv2.INTER_LINEAR)
    elif draw[2] < strength.resample:
        face = cv2.GaussianBlur(face, (0, 0), 0.3 + 1.8 * (draw[3] - 0.6))
    out = face.astype(np.float32)
    mean = float(out.mean())
    contrast, brightness = float(np.exp(r[5] * strength.contrast)), float(strength.brightness * r[6])
    out = (out - mean) * contrast + mean + 255 * brightness
    out += rng.standard_normal(out.shape, np.float32) * float(255 * strength.noise * draw[4] ** 2)
    if draw[5] < strength.erase:
        height, width = rng.integers(side // 8, side // 3, 2)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        out[top : top + height, left : left + width] = rng.uniform(0, 255)
    return np.clip(out, 0, 255, out=out)


def strengths(augmentation):
    return {name: getattr(augmentation, name) for name in augmentation.__dataclass_fields__}
