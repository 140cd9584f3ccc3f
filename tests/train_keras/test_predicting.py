import keras
import numpy as np
import pytest

from train_keras.models.slim import slim
from train_keras.predicting import both_sides, probabilities, resize_crops


def test_crops_fit_the_network(ferplus):
    model = slim(32, channels=1)
    faces = ferplus.images[:6]
    answers = probabilities(model, faces, batch_size=4)
    assert answers.shape == (6, 7)
    assert answers == pytest.approx(probabilities(model, resize_crops(faces, 32)), abs=1e-6)


def test_the_expression_of_several_outputs(ferplus):
    model = slim(48, channels=1)
    both = keras.Model(model.input, {"expression": model.output, "occlusion": model.get_layer("pool").output})
    faces = ferplus.images[:3]
    assert probabilities(both, faces) == pytest.approx(probabilities(model, faces), abs=1e-6)


def test_both_sides_of_a_face(ferplus):
    model, faces = slim(48, channels=1), ferplus.images[:4]

    def answer(crops):
        return probabilities(model, crops)

    expected = (answer(faces) + answer(np.flip(faces, 2))) / 2
    assert both_sides(answer, faces) == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(both_sides(answer, faces, mirror=False), answer(faces))


@pytest.mark.parametrize("side", [24, 48, 100])
def test_resized_crops(ferplus, side):
    faces = ferplus.images[:5]
    resized = resize_crops(faces, side)
    assert resized.shape == (5, side, side)
    assert resized.dtype == np.uint8
    assert resized.mean() == pytest.approx(faces.mean(), abs=3)


def test_no_faces():
    assert probabilities(slim(48, channels=1), np.empty((0, 48, 48), np.uint8)).shape == (0, 7)
