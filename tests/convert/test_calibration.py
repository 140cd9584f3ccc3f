import numpy as np
import pytest

from convert.calibration import (
    apply_temperature,
    choose_strata,
    fit_abstention,
    fit_temperature,
    representative_faces,
)
from train_keras.batches import scale_pixels
from train_keras.data.faces import Faces
from train_keras.occlusion import masked
from train_keras.occlusion.kinds import Occlusion


def softmax(logits):
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.8])
def test_known_temperature_is_found(temperature):
    logits = np.random.default_rng(0).normal(0, 2, (500, 7))
    probabilities, honest = softmax(logits), softmax(logits / temperature)
    assert fit_temperature(probabilities, honest) == pytest.approx(temperature, rel=0.01)
    assert apply_temperature(probabilities, temperature) == pytest.approx(honest, abs=1e-6)


def test_the_mean_of_two_views_has_its_own_temperature():
    first, second = np.random.default_rng(2).normal(0, 2, (2, 500, 7))
    honest = (softmax(first / 1.4) + softmax(second / 1.4)) / 2
    views = np.stack([softmax(first), softmax(second)])
    assert fit_temperature(views, honest) == pytest.approx(1.4, rel=0.01)
    assert apply_temperature(views, 1.4) == pytest.approx(honest, abs=1e-6)


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


def test_strata_hold_every_class_under_every_kind_alike():
    classes = np.repeat(np.arange(7), [300, 9, 200, 200, 200, 200, 300])
    rows, kinds = choose_strata(classes, 4, 420, seed=1)
    assert len(set(rows)) == len(rows) == len(kinds) == 420
    cells = np.zeros((7, 4), int)
    np.add.at(cells, (classes[rows], kinds), 1)
    assert cells.sum(1).tolist() == pytest.approx([68] + [9] + [68] * 5, abs=1)
    assert (cells.max(1) - cells.min(1) <= 1).all()


def test_strata_follow_the_seed_and_end_with_the_faces():
    classes = np.random.default_rng(0).integers(0, 7, 60)
    first, again, other = (choose_strata(classes, 2, 40, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert sorted(choose_strata(classes, 2, 1000, 1)[0]) == list(range(60))


@pytest.fixture
def faces():
    images = np.full((40, 8, 8), 100, np.uint8)
    targets = np.eye(7, dtype=np.float32)[np.arange(40) % 7]
    return Faces(images, targets, np.zeros(40, np.int8), np.arange(40))


def test_bare_faces_span_the_pixels(faces):
    chosen = list(representative_faces(faces, (), 24, seed=1, side=16))
    assert len(chosen) == 24
    assert {face.shape for face in chosen} == {(1, 16, 16, 1)}
    assert {face.dtype for face in chosen} == {np.dtype(np.float32)}
    assert min(face.min() for face in chosen) == -1.0
    assert max(face.max() for face in chosen) == 127 / 128
    assert (faces.images == 100).all()
    assert len(list(representative_faces(faces, (), 1000, seed=1))) == 40


def test_occluded_faces_among_the_bare(ferplus, landmarks68, monkeypatch, tmp_path):
    monkeypatch.setattr(masked, "CACHE", tmp_path)
    some = ferplus[:: len(ferplus) // 400]
    kinds = (Occlusion.MASK, Occlusion.SQUARE16)
    rows, worn = choose_strata(some.classes, 3, 30, seed=4)
    chosen, again = (list(representative_faces(some, kinds, 30, seed=4)) for _ in range(2))
    assert all(np.array_equal(face, same) for face, same in zip(chosen, again, strict=True))
    changed = [
        np.mean(face[0] != scale_pixels(some.images[row][None])[0])
        for face, row in zip(chosen, rows, strict=True)
    ]
    assert max(share for share, kind in zip(changed, worn, strict=True) if kind == 0) < 0.01  # two pixels
    assert np.median([share for share, kind in zip(changed, worn, strict=True) if kind == 1]) > 0.2
    assert np.median([share for share, kind in zip(changed, worn, strict=True) if kind == 2]) > 0.01
    assert set(worn) == {0, 1, 2}
