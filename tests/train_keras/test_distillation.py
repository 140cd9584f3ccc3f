import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ModelMissingError
from train_keras.distillation import DistillationLoss, label_accuracy, teacher_logits
from train_keras.models.slim import slim


def softmax(x):
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def by_the_paper(labels, teacher, student, alpha, temperature):
    """Spec's formula on logits, in double precision."""
    hard = -(labels * np.log(softmax(student))).sum(-1)
    p, q = softmax(teacher / temperature), softmax(student / temperature)
    return alpha * hard + (1 - alpha) * temperature**2 * (p * np.log(p / q)).sum(-1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    classes=st.integers(2, 7),
    alpha=st.floats(0, 1),
    temperature=st.floats(1, 20),
)
def test_loss_is_the_papers(seed, classes, alpha, temperature):
    rng = np.random.default_rng(seed)
    labels = rng.dirichlet(np.ones(classes), 5)
    teacher, student = rng.normal(0, 2, (2, 5, classes))
    targets = np.hstack([labels, teacher]).astype(np.float32)
    loss = DistillationLoss(alpha, temperature)
    found = float(loss(targets, softmax(student).astype(np.float32)))
    assert found == pytest.approx(
        by_the_paper(labels, teacher, student, alpha, temperature).mean(), rel=2e-3, abs=2e-3
    )


def test_a_student_that_answers_as_its_teacher_has_only_the_labels_to_learn():
    logits = np.array([[2.0, -1.0, 0.5]], np.float32)
    targets = np.hstack([[[0, 1, 0]], logits]).astype(np.float32)
    assert float(DistillationLoss(0.0, 10.0)(targets, softmax(logits))) == pytest.approx(0, abs=1e-5)
    assert float(DistillationLoss(1.0, 10.0)(targets, softmax(logits))) == pytest.approx(
        -np.log(softmax(logits))[0, 1], abs=1e-5
    )


def test_config_round_trip():
    loss = DistillationLoss(0.3, 4.0)
    again = DistillationLoss.from_config(loss.get_config())
    assert (again.alpha, again.temperature) == (0.3, 4.0)


@pytest.mark.parametrize(("alpha", "temperature"), [(-0.1, 1), (1.1, 1), (0.5, 0)])
def test_unusable_loss(alpha, temperature):
    with pytest.raises(ValueError, match=r"alpha must lie in 0…1 and temperature above 0"):
        DistillationLoss(alpha, temperature)


def test_accuracy_reads_the_labels_only():
    answers = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    labels = np.array([[1, 0], [1, 0]], np.float32)
    teacher = np.array([[0, 9], [0, 9]], np.float32)
    for targets in (labels, np.hstack([labels, teacher])):
        assert np.asarray(label_accuracy(targets, answers)).tolist() == [1, 0]


def test_teacher_is_asked_once(ferplus, tmp_path):
    faces = ferplus.images[:12]
    model = slim(48, channels=1)
    model.save(tmp_path / "teacher.keras")
    first = teacher_logits(tmp_path / "teacher.keras", faces, tmp_path / "run")
    assert first.shape == (12, 7)
    assert first.dtype == np.float32
    inputs = faces.astype(np.float32)[..., None] / 128 - 1
    both = [np.asarray(model(x, training=False)) for x in (inputs, inputs[:, :, ::-1])]
    assert softmax(first) == pytest.approx(softmax(np.mean([np.log(p) for p in both], 0)), abs=1e-4)
    # Kept: the next call needs no network, and another teacher's answers are not taken for its own.
    (kept,) = (tmp_path / "run").glob("teacher-*.npy")
    np.save(kept, first + 1)
    assert np.array_equal(teacher_logits(tmp_path / "teacher.keras", faces, tmp_path / "run"), first + 1)
    keras.utils.set_random_seed(5)
    slim(48, channels=1).save(tmp_path / "teacher.keras")
    assert not np.allclose(teacher_logits(tmp_path / "teacher.keras", faces, tmp_path / "run"), first + 1)


def test_missing_teacher(tmp_path):
    with pytest.raises(ModelMissingError, match=r"the teacher .*teacher\.keras is missing: train it first"):
        teacher_logits(tmp_path / "teacher.keras", np.zeros((1, 48, 48), np.uint8), tmp_path)
