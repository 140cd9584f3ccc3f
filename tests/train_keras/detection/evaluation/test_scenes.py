import numpy as np
import pytest

from train_keras.data.masked_faces import Photo
from train_keras.detection.evaluation.scenes import fit, pad


def photo(width, height, *boxes):
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Photo("a.jpg", image, np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), np.int64))


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((576, 384), (640, 427)),
        ((300, 400), (360, 480)),
        ((1280, 960), (640, 480)),
        ((2000, 3), (640, 1)),
    ],
)
def test_fits_into_the_frame_and_keeps_proportions(size, fitted):
    assert fit(photo(*size)).image.shape == (fitted[1], fitted[0], 3)


def test_boxes_grow_with_the_picture_and_end_with_it():
    scene = fit(photo(320, 240, (10, 20, 60, 70), (300, 200, 330, 250)))
    assert scene.boxes.tolist() == [[20, 40, 120, 140], [600, 400, 640, 480]]
    assert scene.boxes.dtype == np.float32


def test_padding():
    image = photo(30, 20).image
    padded = pad(image, (40, 20))
    assert np.array_equal(padded[:, :30], image)
    assert padded[:, 30:].max() == 0
    with pytest.raises(ValueError, match="30 x 20"):
        pad(image, (29, 20))
