import numpy as np
import pytest
from drawn_faces import drawn_face

from train_keras.detection.pasting import exchange, is_grey, soften, stamp, tinted
from train_keras.detection.pictures import BOX, FACE, IGNORED, KIND, POINTS, STATE, Picture

RNG = np.random.default_rng


def grey_crop():
    face = drawn_face(50)
    return Picture(face.image[..., :1].repeat(3, axis=2), face.faces)


def test_only_grey_is_tinted():
    colour = drawn_face(50)
    assert tinted(colour, RNG(0)) is colour
    skins = [tinted(grey_crop(), RNG(seed)).image for seed in range(20)]
    assert any(not is_grey(skin) for skin in skins)
    warm = np.mean([skin[..., 2].mean() - skin[..., 0].mean() for skin in skins])
    assert warm > 5  # redder than blue


def test_soft_edges():
    before = np.zeros((40, 40, 3), np.uint8)
    image = before.copy()
    image[10:30, 10:30] = 200
    soften(image, before, np.float32([10, 10, 30, 30]))
    assert (image[20, 20] == 200).all()
    assert 0 < image[20, 10, 0] < 100
    assert not image[:10].any()


@pytest.mark.parametrize("region", [[-5, -5, 0, 0], [50, 50, 60, 60], [5, 5, 5, 5]])
def test_soft_edges_outside(region):
    image = np.full((40, 40, 3), 7, np.uint8)
    soften(image, np.zeros_like(image), np.float32(region))
    assert (image == 7).all()


def test_exchange():
    """A bare face takes a masked one's place: its state, its size, its pixels; the rest stays."""
    photo, crop = drawn_face(80, masked=True, width=300, height=200), drawn_face(50)
    canvas = photo.image.copy()
    faces = exchange(canvas, photo.faces, crop, RNG(1))
    assert len(faces) == 1
    assert faces[0, STATE] == 1
    old, new = photo.faces[0, BOX], faces[0, BOX]
    assert new[:2] + new[2:] == pytest.approx(old[:2] + old[2:], abs=1)
    assert 0.9 < (new[3] - new[1]) / (old[3] - old[1]) < 1.15
    cloth = photo.image[120, 150]
    assert np.abs(canvas[120, 150].astype(int) - cloth).max() > 20
    assert (canvas[:40] == photo.image[:40]).all()
    assert photo.faces[0, STATE] == 0  # what was given is left alone


def test_grey_faces_take_the_colour():
    photo = drawn_face(80, width=300, height=200)
    canvas = photo.image.copy()
    exchange(canvas, photo.faces, grey_crop(), RNG(1))
    blue, _, red = canvas[85, 150].astype(int)
    assert red > blue + 20


def test_nothing_to_exchange():
    photo, crop = drawn_face(80, width=300, height=200), drawn_face(50)
    for rows in (
        np.zeros((0, 17), np.float32),  # nobody
        drawn_face(10, width=300, height=200).faces,  # too small
        np.where(np.arange(17) == 0, -5, photo.faces).astype(np.float32),  # cut by the edge
        np.where(np.arange(17) == KIND, IGNORED, photo.faces).astype(np.float32),
    ):
        canvas = photo.image.copy()
        assert exchange(canvas, rows, crop, RNG(0)) is rows
        assert (canvas == photo.image).all()
    doubtful = Picture(crop.image, np.where(np.arange(17) == KIND, IGNORED, crop.faces).astype(np.float32))
    assert exchange(photo.image.copy(), photo.faces, doubtful, RNG(0))[0, KIND] == FACE


@pytest.mark.parametrize("degrees", [-40, 25])
def test_an_exchanged_face_may_lean(degrees):
    """Its landmarks turn anticlockwise about its middle, and its dark eyes are where they say."""
    photo, crop = drawn_face(80, masked=True, width=300, height=200), drawn_face(60)
    canvas = photo.image.copy()
    face = exchange(canvas, photo.faces, crop, RNG(2), degrees)[0]
    left, right = face[POINTS].reshape(5, 2)[:2]
    assert np.degrees(np.arctan2(left[1] - right[1], right[0] - left[0])) == pytest.approx(degrees, abs=0.01)
    for x, y in (left, right):
        assert canvas[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].min() < 70
    upright = exchange(photo.image.copy(), photo.faces, crop, RNG(2))[0]
    assert face[BOX] == pytest.approx(upright[BOX], abs=0.01)


def test_a_face_is_stamped_beyond_the_edge():
    canvas = np.full((100, 100, 3), 9, np.uint8)
    face = stamp(canvas, drawn_face(60), 1.0, np.float32([-500, 0]), 30.0)
    assert face[2] < 0
    assert (canvas == 9).all()
