import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import train_keras.measures
from edge.labels import COARSE, LABELS, VALENCE
from train_keras.measures import bootstrap, calibration, merge, roc, scheme_of, wilson


def drawn(faces, classes, seed=0):
    """Probabilities that lean towards the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, faces)
    scores = rng.gamma(0.5, size=(faces, classes)) + 0.7 * np.eye(classes)[truth]
    return (scores / scores.sum(1, keepdims=True)).astype(np.float32), truth


def test_doctests():
    assert doctest.testmod(train_keras.measures).failed == 0


def test_merging_sums_what_belongs_together():
    probabilities = np.array([[0.1, 0.2, 0.05, 0.3, 0.15, 0.15, 0.05]], np.float32)
    five, classes = merge(probabilities, np.array([LABELS.index("disgust")]), "five")
    assert five[0] == pytest.approx([0.3, 0.2, 0.3, 0.15, 0.05])
    assert COARSE[classes[0]] == "anger-disgust"
    three, classes = merge(probabilities, np.array([LABELS.index("surprise")]), "three")
    assert three[0] == pytest.approx([0.65, 0.05, 0.3])
    assert VALENCE[classes[0]] == "negative"


@pytest.mark.parametrize("scheme", ["seven", "five", "three"])
def test_merging_keeps_sums_and_agrees_with_the_labels(scheme):
    probabilities, truth = drawn(50, 7)
    merged, classes = merge(probabilities, truth, scheme)
    assert merged.sum(1) == pytest.approx(np.ones(50), abs=1e-5)
    assert scheme_of(merged) == scheme
    one_hot, same = merge(np.eye(7, dtype=np.float32)[truth], truth, scheme)
    assert np.array_equal(one_hot.argmax(1), same)
    assert np.array_equal(same, classes)


def test_what_cannot_be_merged():
    five, classes = merge(*drawn(4, 7), "five")
    assert merge(five, classes, "five")[0] is five
    with pytest.raises(ValueError, match="five-way probabilities cannot be merged into three"):
        merge(five, classes, "three")
    with pytest.raises(ValueError, match=r"shape \(2, 4\): expected \[faces, one of 7, 5, 3\]"):
        scheme_of(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"shape \(7,\)"):
        scheme_of(np.ones(7, np.float32))


@pytest.mark.parametrize("classes", [3, 5, 7])
def test_auc_is_scikit_learns(classes):
    probabilities, truth = drawn(400, classes)
    found = roc(probabilities, truth)
    exact = probabilities.astype(np.float64)
    expected = roc_auc_score(truth, exact / exact.sum(1, keepdims=True), multi_class="ovr", average="macro")
    assert found.macro == pytest.approx(expected, abs=1e-6)
    for curve in found.curves:
        assert curve[0].tolist() == [0, 0]
        assert curve[-1].tolist() == [1, 1]
        assert (np.diff(curve, axis=0) >= 0).all()


def test_auc_without_a_class():
    probabilities, truth = drawn(60, 3)
    truth = np.where(truth == 2, 1, truth)
    found = roc(probabilities, truth)
    assert found.curves[2] is None
    assert np.isnan(found.areas[2])
    assert found.macro == pytest.approx(found.areas[:2].mean())
    assert np.isnan(roc(probabilities, np.zeros(60, int)).macro)


def test_calibration_by_hand():
    """0.38 and 0.36 share the bin above a third, 0.95 is in the last; bins hold their upper edge."""
    probabilities = np.array(
        [[0.38, 0.31, 0.31], [0.3, 0.36, 0.34], [0.95, 0.03, 0.02], [0, 0, 1]], np.float32
    )
    found = calibration(probabilities, np.array([0, 0, 0, 2]))
    assert found.counts.tolist() == [0] * 5 + [2] + [0] * 8 + [2]
    assert found.accuracy[5] == 0.5
    assert found.confidence[5] == pytest.approx(0.37)
    assert np.isnan(found.accuracy[0])
    assert found.error == pytest.approx(0.5 * 0.13 + 0.5 * 0.025)
    assert found.overconfidence == pytest.approx(-0.5 * 0.13 - 0.5 * 0.025)
    edge = calibration(np.array([[0.6, 0.4]], np.float64), np.array([0]), bins=5)
    assert edge.counts.tolist() == [0, 0, 1, 0, 0]


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_holds_the_share(total, share):
    correct = round(share * total)
    low, high = wilson(correct, total)
    assert 0 <= low <= correct / total <= high <= 1
    mirrored = wilson(total - correct, total)
    assert mirrored == pytest.approx((1 - high, 1 - low))


def test_bootstrap_draws_people():
    """Ten answers a person: as few people as there are decide how far the accuracy may be off."""
    rng = np.random.default_rng(0)
    alone = rng.random(400) < 0.7
    many = np.array([str(i) for i in range(400)])
    few = np.array([str(i // 10) for i in range(400)])
    assert bootstrap(alone, many) == pytest.approx(wilson(int(alone.sum()), 400), abs=0.01)
    same = np.repeat(rng.random(40) < 0.7, 10)
    narrow, wide = (np.diff(bootstrap(same, names))[0] for names in (many, few))
    assert wide > 2 * narrow
    assert bootstrap(same, few) == bootstrap(same, few)


@pytest.mark.parametrize(
    ("probabilities", "classes", "message"),
    [
        (np.ones((2, 3)), np.array([0]), "labels"),
        (np.ones((0, 3)), np.zeros(0, int), "N > 0"),
        (np.ones((2, 3)), np.array([0, 3]), "expected 0 to 2"),
        (np.ones((2, 3)), np.array([-1, 0]), "expected 0 to 2"),
    ],
)
def test_unusable_answers(probabilities, classes, message):
    for measure in (roc, calibration):
        with pytest.raises(ValueError, match=message):
            measure(probabilities, classes)


def test_unusable_counts():
    for correct, total in ((3, 2), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match=f"{correct} correct of {total}"):
            wilson(correct, total)
    with pytest.raises(ValueError, match="2 answers and 1 identities"):
        bootstrap(np.ones(2, bool), np.array(["a"]))
