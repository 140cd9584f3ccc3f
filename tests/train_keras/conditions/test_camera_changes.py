import numpy as np
import pytest

from train_keras.conditions.camera import defocused, low_light, moved, resized, shaken


@pytest.fixture(scope="module")
def crop():
    """Soft blobs, as detailed as a face of 48 px."""
    import cv2

    coarse = np.random.default_rng(0).integers(20, 235, (12, 12), dtype=np.uint8)
    return cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC)


def away(changed, crop):
    return float(np.abs(changed.astype(int) - crop).mean())


def test_smaller_faces_lose_detail_and_larger_ones_gain_none(crop):
    lost = [away(resized(crop, side), crop) for side in (48, 32, 24, 12)]
    assert lost[0] == 0
    assert lost == sorted(lost)
    assert all(away(resized(crop, side), crop) < 2 < lost[2] for side in (64, 128, 200))
    assert resized(crop, 32).shape == crop.shape


def test_moved(crop):
    assert np.array_equal(moved(crop), crop)
    shifted = moved(crop, dx=0.25, dy=-0.125)
    assert np.array_equal(shifted[6:36, 12:], crop[12:42, :36])
    turned = moved(crop, degrees=90)
    assert away(turned, np.rot90(crop)) < 1
    assert np.array_equal(moved(crop, zoom=2.0)[::2, ::2].shape, (24, 24))
    half = moved(crop, zoom=0.5)
    assert np.array_equal(half[:10, 0], np.full(10, half[0, 0]))  # beyond the picture its border goes on


def test_darkness_without_gain():
    grey = np.full((48, 48), 128, np.uint8)
    levels = [low_light(grey, stops, 0, np.random.default_rng(0)).mean() for stops in range(7)]
    assert levels[0] == pytest.approx(128, abs=2)
    assert levels == sorted(levels, reverse=True)
    assert levels[2] == pytest.approx(128 * 0.25 ** (1 / 2.2), rel=0.05)


def test_amplified_darkness_is_noise():
    grey = np.full((48, 48), 128, np.uint8)
    pictures = [low_light(grey, stops, stops, np.random.default_rng(0)) for stops in range(6)]
    spreads = [float(picture.std()) for picture in pictures]
    assert spreads == sorted(spreads)
    # Shot noise of 4000 / 2**5 electrons at this level, read noise beside it, through the gamma's slope.
    electrons = (128 / 255) ** 2.2 * 4000 / 32
    relative = np.sqrt(electrons + 9) / electrons
    assert spreads[5] == pytest.approx(128 / 2.2 * relative, rel=0.25)
    assert abs(float(pictures[3].mean()) - 128) < 3


def test_blur_keeps_the_light_and_takes_detail(crop):
    for blur in (lambda a: defocused(crop, a), lambda a: shaken(crop, a, 30.0)):
        blurred = [blur(amount) for amount in (1, 2, 4)]
        assert all(abs(float(b.mean()) - crop.mean()) < 4 for b in blurred)
        spreads = [float(crop.std()), *(float(b.std()) for b in blurred)]
        assert spreads == sorted(spreads, reverse=True)


def test_motion_blurs_along_its_direction():
    line = np.zeros((49, 49), np.uint8)
    line[24, 24] = 250
    across = shaken(line, 9, 0.0)
    assert np.flatnonzero(across.any(0)).tolist() == list(range(20, 29))
    assert np.flatnonzero(across.any(1)).tolist() == [24]
    assert np.array_equal(shaken(line, 9, 90.0), across.T)


def test_defocus_is_a_disc():
    line = np.zeros((49, 49), np.uint8)
    line[24, 24] = 255
    disc = defocused(line, 3)
    assert disc[24, 24] == disc[24, 26] == disc[26, 24] == pytest.approx(255 / (np.pi * 9), abs=1.5)
    assert disc[24, 29] == 0
