from __future__ import annotations

import time
from collections import Counter
from itertools import groupby

import numpy as np
import pytest

from benchmarks.rounds import Rounds, ratio, take_turns, turn_of


def ignore(name: str, share: float) -> None:
    pass


def test_everybody_has_a_turn_in_every_round():
    asked = []

    def turn(name, took):
        return lambda seconds: asked.append((name, seconds)) or [took]

    turns = {name: turn(name, number + 1.0) for number, name in enumerate("abcde")}
    found = take_turns(turns, 4, 0.25, ignore)
    rounds = [asked[place : place + 5] for place in range(0, 20, 5)]
    assert all(Counter(names) == Counter((name, 0.25) for name in turns) for names in rounds)
    assert len(list(groupby(sorted(map(tuple, rounds))))) > 1, "the order is not drawn anew"
    assert found.medians == {name: [number + 1.0] * 4 for number, name in enumerate("abcde")}
    assert found.fps("b") == 0.5
    assert found.record.seconds > 0


def order_of_turns() -> list[str]:
    order: list[str] = []
    turns = {name: lambda _, name=name: order.append(name) or [1.0] for name in "abcd"}
    take_turns(turns, 3, 0.0, ignore)
    return order


def test_the_same_order_comes_again():
    assert order_of_turns() == order_of_turns()


def test_progress_goes_to_the_end():
    told = []
    take_turns({"a": lambda _: [1.0]}, 2, 0.0, lambda name, share: told.append((name, share)))
    assert told[0] == ("round 1 of 2", 0.0)
    assert told[-1] == ("round 2 of 2", 1.0)


def test_a_turn_times_every_call_and_stops():
    calls = []
    took = turn_of(lambda: calls.append(time.sleep(0.002)))(0.05)
    assert 3 <= len(took) < len(calls)
    assert min(took) >= 0.002


def test_a_slow_step_still_gets_three_calls():
    assert len(turn_of(lambda: time.sleep(0.01))(0.0)) == 3


def rounds_of(**medians) -> Rounds:
    found = take_turns({name: lambda _: [1.0] for name in medians}, 1, 0.0, ignore)
    return Rounds(medians, found.record)


def test_a_ratio_compares_each_round_with_itself():
    found = ratio(rounds_of(slow=[2.0, 30.0, 4.0], fast=[1.0, 10.0, 1.0]), "slow", "fast")
    assert (found.median, found.low, found.high) == (3.0, 2.0, 4.0)


def test_what_was_not_measured_has_no_ratio():
    with pytest.raises(KeyError):
        ratio(rounds_of(slow=[1.0]), "slow", "fast")


def test_a_turn_that_fails_says_so():
    def broken(_):
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        take_turns({"a": broken}, 1, 0.1, ignore)


def test_the_median_of_the_rounds_counts():
    assert rounds_of(a=[1.0, 9.0, 2.0]).seconds("a") == np.median([1, 9, 2])
