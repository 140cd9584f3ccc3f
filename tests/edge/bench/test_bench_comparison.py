import numpy as np
import pytest
from documents import PI, SLIM, calls, document, frames, result

from edge.bench.comparison import compare, resampled_medians, warnings
from edge.errors import NotABenchmarkError

SLOW = PI.model_copy(update={"governor": "powersave"})


def test_a_run_does_not_differ_from_itself():
    one = document(result(calls(0.001)))
    (difference,) = compare(one, one)
    assert difference.ratio == 1
    assert difference.low < 1 < difference.high
    assert difference.word == "no difference shown"
    assert list(warnings(one, one)) == []


@pytest.mark.parametrize(("factor", "word"), [(1.5, "slower"), (0.6, "faster")])
def test_a_real_difference_is_shown_and_its_size_lies_in_the_interval(factor, word):
    one, other = document(result(calls(0.001))), document(result(calls(0.001 * factor, seed=1)))
    (difference,) = compare(one, other)
    assert difference.word == word
    assert difference.low <= factor <= difference.high
    assert difference.ratio == pytest.approx(factor, rel=0.1)


def test_what_an_unclean_run_shows_is_doubted():
    one = document(result(calls(0.001)))
    other = document(result(calls(0.002), clean=False, reasons=["hot"]), reasons=["hot"])
    (difference,) = compare(one, other)
    assert difference.word == "slower?"
    assert any(line.startswith("B is not clean") and line.endswith("hot") for line in warnings(one, other))


def test_calls_that_are_alike_next_to_each_other_promise_less():
    """The same values in a random order look like as many independent calls."""
    wandering = np.array(calls(0.001))
    mixed = np.random.default_rng(3).permutation(wandering)
    spreads = [np.ptp(resampled_medians(one, np.random.default_rng(0), 200)) for one in (wandering, mixed)]
    assert spreads[0] > 2 * spreads[1]


def test_few_samples_are_enough_to_say_little():
    one, other = document(result([0.001])), document(result([0.003, 0.002]))
    (difference,) = compare(one, other)
    assert difference.low <= difference.ratio <= difference.high


def test_runs_with_nothing_in_common_are_refused():
    one, other = document(result(calls(0.001))), document(frames(calls(0.01)), command="pipeline")
    with pytest.raises(NotABenchmarkError, match="nothing to compare"):
        compare(one, other)


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (
            document(result([1.0]), machine=PI.model_copy(update={"governor": "powersave"})),
            "differ in governor",
        ),
        (document(result([1.0]), versions={"mien": "0.2.0"}), "versions of mien differ: 0.1.0 and 0.2.0"),
        (document(result([1.0], short=True)), "B is a short run"),
        (document(result([1.0], model=SLIM.model_copy(update={"sha256": "cd" * 32}))), "models differ"),
        (document(result([1.0], model_threads=4)), "model threads differs: 1 and 4"),
        (document(result([1.0]), frames([1.0])), "only B has 'pipeline, every frame'"),
    ],
)
def test_what_makes_two_runs_hard_to_compare_is_told(other, line):
    assert any(line in warning for warning in warnings(document(result([1.0])), other))


def test_other_frames_are_told():
    one = frames([1.0])
    other = one.model_copy(update={"pictures": one.pictures.model_copy(update={"camera": "door"})})
    (warning,) = warnings(document(one), document(other))
    assert "different frames" in warning
    assert list(warnings(document(one), document(result([1.0])))) == [
        "only A has 'pipeline, every frame'",
        "only B has 'classify'",
    ]
