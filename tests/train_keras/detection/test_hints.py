import keras
import numpy as np
import pytest
from drawn_faces import drawn_face

from edge.errors import DataError
from train_keras.detection.batches import PictureBatches
from train_keras.detection.cells import cells, with_cells
from train_keras.detection.hints import FEATURES, Guide, HintLoss, weights_of_cells, with_hints
from train_keras.detection.pictures import IGNORED, KIND, face_rows
from train_keras.detection.sampling import Mixture, Sources
from train_keras.models.facet import facet

CELLS = len(cells(96, 64)[0])


@pytest.fixture(scope="module")
def guide(shared):
    return Guide(shared.parent / "weights" / "yunet_n_640_640.onnx")


def test_features_follow_the_picture(guide):
    face = drawn_face(60, width=96, height=64).image
    first, again, nothing = (guide(image) for image in (face, face, np.full_like(face, 90)))
    assert (first.shape, first.dtype) == ((CELLS, FEATURES), np.float32)
    assert np.array_equal(first, again)
    assert np.abs(first - nothing).max() > 0.1
    assert guide(np.zeros((32, 64, 3), np.uint8)).shape == (len(cells(64, 32)[0]), FEATURES)


def test_missing_weights(tmp_path):
    with pytest.raises(DataError, match="YuNet"):
        Guide(tmp_path / "none.onnx")(np.zeros((64, 96, 3), np.uint8))


def test_cells_on_faces_count_more():
    faces = face_rows(np.float32([[0, 0, 32, 32], [64, 32, 96, 64], [40, 0, 60, 20]]))
    faces[1, KIND], faces[2, KIND] = IGNORED, 0
    weights = weights_of_cells(faces, 96, 64)
    assert weights.mean() == pytest.approx(1)
    fine = weights[: 8 * 12].reshape(8, 12)
    assert fine[0, 0] == fine[-1, -1] == pytest.approx(10 * fine[0, 6])
    nobody = weights_of_cells(faces[:0], 96, 64)
    assert nobody == pytest.approx(1)


def test_loss():
    rng = np.random.default_rng(0)
    features = rng.normal(3, 2, (2, CELLS, FEATURES)).astype(np.float32)
    weights = np.ones((2, CELLS, 1), np.float32)
    loss = HintLoss()
    right = loss(np.concatenate([features, weights], -1), features)
    mean = loss(np.concatenate([features, weights], -1), np.full_like(features, features.mean((0, 1))))
    assert float(right) == 0
    assert float(mean) == pytest.approx(1, rel=0.01)  # in variances
    assert float(loss(np.concatenate([features, 0 * weights], -1), 0 * features)) == 0
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss)).name == "hint"


def test_network_learns_to_tell_features():
    model = with_hints(with_cells(facet((96, 64), (8, 8, 16, 16, 16), (0, 0, 0, 0), 16)))
    out = model(np.zeros((1, 64, 96, 3), np.float32))
    assert out["cells"].shape == (1, CELLS, 18)
    assert out["hints"].shape == (1, CELLS, FEATURES)


class _CountingGuide:
    def __init__(self):
        self.asked = 0

    def __call__(self, image):
        assert image.dtype == np.uint8
        self.asked += 1
        return np.full((CELLS, FEATURES), image.mean(), np.float32)


def test_hints_fade_out():
    guide = _CountingGuide()
    batches = PictureBatches(
        Sources([drawn_face(60)]), (96, 64), pictures=4, batch_size=2, seed=1, mixture=Mixture(),
        guide=guide, fade=2.0,
    )  # fmt: skip
    images, wanted = batches[0]
    assert wanted["cells"].shape == (2, 32, 17)
    assert wanted["hints"].shape == (2, CELLS, FEATURES + 1)
    assert wanted["hints"][..., -1].mean() == pytest.approx(1)
    batches.epoch = 1
    assert batches[0][1]["hints"][..., -1].mean() == pytest.approx(0.5)
    assert guide.asked == 4
    batches.epoch = 2
    assert not batches[0][1]["hints"].any()
    assert guide.asked == 4
    assert images.shape == (2, 64, 96, 3)
