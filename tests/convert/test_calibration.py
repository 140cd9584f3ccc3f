import numpy as np
import pytest

from convert.calibration import apply_temperature, fit_abstention, fit_temperature, representative_faces
from train_keras.data.faces import Faces


def softmax(logits):
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.8])
def test_known_temperature_is_found(temperature):
    logits = np.random.default_rng(0).normal(0, 2, (500, 7))
    probabilities, honest = softmax(logits), softmax(logits / temperature)
    assert fit_temperature(probabilities, honest) == pytest.approx(temperature, rel=0.01)
    assert apply_temperature(probabilities, temperature) == pytest.approx(honest, abs=1e-6)


def test_overconfidence_is_cooled_by_drawn_labels():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 7))
    honest = softmax(logits)
    drawn = np.array([rng.choice(7, p=row) for row in honest])
    assert fit_temperature(softmax(1.5 * logits), np.eye(7)[drawn]) == pytest.approx(1.5, rel=0.06)


def test_abstention_keeps_the_promised_accuracy():
    confidence = np.linspace(0.2, 1.0, 801)
    coarse = np.column_stack([confidence, *[(1 - confidence) / 4] * 4])
    right = confidence >= 0.6
    threshold = fit_abstention(coarse, right, 0.9)
    top = coarse.max(1)
    assert right[top >= threshold].mean() >= 0.9
    assert right[top >= threshold - 0.01].mean() < 0.9  # none lower would do
    assert 0.5 < threshold < 0.6
    assert fit_abstention(coarse, right, 0.3) == 0.2  # everything may be kept
    assert fit_abstention(coarse, np.zeros(801, bool), 0.7) == 0.95  # nothing may


@pytest.fixture
def faces():
    images = np.full((40, 8, 8), 100, np.uint8)
    targets = np.zeros((40, 7), np.float32)
    return Faces(images, targets, np.zeros(40, np.int8), np.arange(40))


@pytest.mark.parametrize("variants", [1, 2, 3, 4])
def test_representative_faces(faces, variants):
    pool = np.stack([np.full_like(faces.images, 200 + k) for k in range(variants)])
    chosen = list(representative_faces(faces, pool, 24, seed=1))
    assert len(chosen) == 24
    assert {face.shape for face in chosen} == {(1, 8, 8, 1)}
    assert {face.dtype for face in chosen} == {np.dtype(np.float32)}
    levels = [round((float(face[0, -1, -1, 0]) + 1) * 128) for face in chosen]
    assert levels.count(100) == 12
    assert set(levels) == {100, *range(200, 200 + variants)}
    assert min(face.min() for face in chosen) == -1.0
    assert max(face.max() for face in chosen) == 127 / 128
    assert (faces.images == 100).all()
    assert len(list(representative_faces(faces, pool, 1000, seed=1))) == 40
