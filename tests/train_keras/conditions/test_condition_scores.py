import numpy as np
import pytest

from edge.labels import LABELS
from train_keras.conditions.scores import (
    mean_difference,
    measure,
    measure_abstention,
    measure_reliability,
    share,
)
from train_keras.measures import calibration, wilson


@pytest.fixture(scope="module")
def drawn():
    """400 answers that are right more often the surer they are, and their labels."""
    rng = np.random.default_rng(3)
    classes = rng.choice([0, 3, 4, 5, 6], 400)
    logits = rng.normal(0, 1, (400, 7))
    logits[np.arange(400), classes] += rng.uniform(0, 3, 400)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return probabilities.astype(np.float32), classes


def test_a_row(drawn):
    probabilities, classes = drawn
    row = measure("blur", "2 px", 2.0, "bare", probabilities, classes, 0.5, covered=0.25)
    right = probabilities.argmax(1) == classes
    assert row.faces == 400
    assert row.seven.value == right.mean()
    assert (row.seven.low, row.seven.high) == wilson(int(right.sum()), 400)
    assert row.five.value >= row.seven.value
    assert row.gain.value == pytest.approx(row.five.value - row.seven.value)
    assert row.gain.low <= row.gain.value <= row.gain.high
    assert row.error == calibration(probabilities, classes).error
    assert row.recall[LABELS.index("disgust")] is None
    happy = classes == LABELS.index("happy")
    assert row.recall[LABELS.index("happy")] == share(right[happy])
    assert 0 < row.answered < 1
    assert row.kept.value > row.seven.value  # the surer ones are right more often


def test_without_a_threshold(drawn):
    row = measure("blur", "2 px", 2.0, "bare", *drawn, None)
    assert row.answered is None
    assert row.kept is None
    nobody = measure("blur", "2 px", 2.0, "bare", *drawn, 1.1)
    assert nobody.answered == 0
    assert nobody.kept is None


def test_difference_on_the_same_faces():
    """Each of two wins as often as it loses against chance: the interval is that of 30 in 200."""
    first, second = np.zeros(200, bool), np.zeros(200, bool)
    first[:30], second[30:60] = True, True
    equal = mean_difference(first, second)
    assert equal.value == 0
    assert equal.high == pytest.approx(1.96 * np.sqrt(60) / 200, rel=0.1)
    assert equal.low == pytest.approx(-equal.high, abs=0.02)
    second[:] = False
    assert mean_difference(first, second).low > 0.08
    assert mean_difference(second, second).high == 0


def test_reliability(drawn):
    found = measure_reliability("bare", *drawn, draws=100)
    assert sum(found.counts) == 400
    assert found.error.low <= found.error.value <= found.error.high
    assert found.error.high - found.error.low > 0.01
    empty = [count == 0 for count in found.counts]
    assert [value is None for value in found.accuracy] == empty
    assert found == measure_reliability("bare", *drawn, draws=100)


def test_abstention(drawn):
    probabilities, classes = drawn
    found = measure_abstention("bare", probabilities, classes, 0.5)
    assert found.coverage[-1] == 1
    assert found.seven[-1] == (probabilities.argmax(1) == classes).mean()
    assert found.seven[4] > found.seven[-1]
    assert found.answered.value == measure("", "", None, "bare", probabilities, classes, 0.5).answered
    assert found.kept.value > found.seven[-1]
    assert found.kept_five.value >= found.kept.value
    bare = measure_abstention("bare", probabilities, classes, None)
    assert bare.seven == found.seven
    assert bare.answered is bare.kept is bare.kept_five is None
