import cv2
import numpy as np
import pytest
from drawn import grainy, landmarks68

from train_keras.occlusion import canvas
from train_keras.occlusion.canvas import Layer, canvas_around


def around(picture):
    size = picture.shape[0]
    return canvas_around(picture, landmarks68(0.7 * size, (size / 2, size / 2)))


def test_half_the_picture_covered():
    picture = grainy((80, 80))
    drawn = around(picture)
    corners = np.array([[0, 0], [40, 0], [40, 80], [0, 80]], float)
    layer = Layer(drawn.size)
    layer.add(np.full((*drawn.size[::-1], 3), 30, np.float32), drawn.fill(corners * drawn.scale))
    painted, covered = drawn.lay(layer, np.random.default_rng(0))
    assert covered[:, :38].min() == 255
    assert covered[:, 43:].max() == 0
    assert abs(painted[:, :38].mean() - 30) < 1
    assert np.array_equal(painted[:, 43:], picture[:, 43:])


def test_layers_add_up():
    layer = Layer((1, 1))
    half = np.full((1, 1), 0.5, np.float32)
    layer.add(np.full((1, 1, 3), 100, np.float32), half)
    layer.add(np.full((1, 1, 3), 200, np.float32), half)
    assert layer.coverage.item() == 0.75
    assert layer.colour[0, 0].tolist() == [125.0] * 3  # the first seen through the second


def test_light_comes_from_the_face_and_not_from_what_is_behind_it():
    picture = np.full((120, 120), 250, np.uint8)
    points = landmarks68(70, (60, 60))
    cv2.fillConvexPoly(picture, cv2.convexHull(np.round(points).astype(np.int32)), 80)
    exposure, relative = canvas_around(picture, points).light()
    assert exposure == pytest.approx(1.45 * 80, abs=2)
    assert relative.max() < 1.1


def test_light_from_one_side():
    ramp = np.broadcast_to(np.linspace(40, 220, 120), (120, 120)).astype(np.uint8)
    relative = around(ramp).light()[1]
    middle = relative[relative.shape[0] // 2]
    assert middle[len(middle) // 5] < 0.9 < 1.1 < middle[-len(middle) // 5]


def test_skin_tone():
    assert around(np.full((60, 60), 90, np.uint8)).skin().tolist() == [90.0] * 3
    colour = np.broadcast_to(np.array([70, 90, 140], np.uint8), (60, 60, 3)).copy()
    assert around(colour).skin().tolist() == [70, 90, 140]


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_a_blurred_picture_is_recognised(sigma):
    squares = cv2.resize(grainy((10, 10)), (120, 120), interpolation=cv2.INTER_NEAREST)
    assert canvas._blur(cv2.GaussianBlur(squares, (0, 0), sigma)) == pytest.approx(sigma, rel=0.25)


def test_blur_of_next_to_nothing():
    assert canvas._blur(np.full((20, 20), 9, np.uint8)) == canvas._blur(grainy((2, 30))) == canvas.SHARPEST


def test_nothing_of_the_face_in_the_picture():
    assert canvas_around(grainy((40, 40)), landmarks68(20, (-200, 20))) is None
