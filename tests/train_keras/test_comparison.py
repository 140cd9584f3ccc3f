import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from edge.errors import DataError
from train_keras.comparison import EXACT_BELOW, compare, compare_all, mcnemar
from train_keras.predictions import Predictions

COUNTS = st.integers(0, 400)


def answering(model, right):
    """Answers that are right where told."""
    right = np.asarray(right, bool)
    classes = np.arange(len(right)) % 7
    answers = np.where(right, classes, (classes + 1) % 7)
    return Predictions(
        model, "ferplus", "mask", np.arange(len(right)), np.eye(7, dtype=np.float32)[answers], classes
    )


def test_by_hand():
    """Few: 2 * (1 + 10 + 45) / 2^10. Many: (|121 - 59| - 1)^2 / 180 = 20.67, beyond the 0.1 % point 10.83."""
    assert mcnemar(2, 8) == pytest.approx(2 * 56 / 1024)
    assert mcnemar(121, 59) == pytest.approx(5.4e-6, rel=0.03)
    assert mcnemar(0, 0) == 1
    assert mcnemar(15, 15) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)


def test_exact_below_the_limit():
    few = EXACT_BELOW - 1
    assert mcnemar(4, few - 4) == pytest.approx(2 * binom.cdf(4, few, 0.5))
    many = EXACT_BELOW
    assert mcnemar(4, many - 4) != pytest.approx(2 * binom.cdf(4, many, 0.5), rel=1e-6)


@given(COUNTS, COUNTS)
def test_symmetric_and_a_probability(first, second):
    p = mcnemar(first, second)
    assert 0 <= p <= 1
    assert p == pytest.approx(mcnemar(second, first), rel=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_more_uneven_is_less_probable(first, second):
    low, high = sorted((first, second))
    if low:
        assert mcnemar(low - 1, high + 1) <= mcnemar(low, high) + 1e-12


def test_counts_of_two_models():
    one = answering("one", [1, 1, 1, 1, 0, 0, 1, 1])
    two = answering("two", [1, 0, 0, 0, 1, 0, 1, 1])
    found = compare(one, two)
    assert (found.first, found.second, found.faces) == ("one", "two", 8)
    assert (found.only_first, found.only_second) == (3, 1)
    assert found.exact
    assert found.p == found.adjusted == pytest.approx(2 * 5 / 16)
    assert found.difference == pytest.approx(2 / 8)
    back = compare(two, one)
    assert (back.only_first, back.only_second, back.p) == (1, 3, found.p)
    assert compare(one, one).p == 1


def test_all_pairs_are_corrected():
    rng = np.random.default_rng(0)
    models = [
        answering(name, rng.random(300) < share) for name, share in zip("abc", (0.5, 0.6, 0.75), strict=True)
    ]
    found = compare_all(models)
    assert len(found) == 3
    p, adjusted = ([getattr(c, name) for c in found] for name in ("p", "adjusted"))
    assert p == sorted(p)
    assert adjusted[0] == pytest.approx(3 * p[0])
    assert adjusted[1] == pytest.approx(max(2 * p[1], 3 * p[0]))
    assert adjusted == sorted(adjusted)
    assert max(adjusted) <= 1
    assert compare_all(models[:1]) == []


def test_bad_counts_and_other_faces():
    with pytest.raises(ValueError, match="-1 and 3"):
        mcnemar(-1, 3)
    with pytest.raises(DataError, match="answer for different faces"):
        compare(answering("one", [1, 1]), answering("two", [1, 1, 0]))
