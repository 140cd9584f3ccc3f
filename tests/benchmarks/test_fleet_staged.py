"""A few devices with real stores, a good model and a bad one."""

from __future__ import annotations

import pytest

from benchmarks.fleet.broker import find_program
from benchmarks.fleet.staged import is_right, measure, section
from edge import swapping
from edge.errors import DependencyError


@pytest.mark.slow  # two probations to wait for; tests/edge/fleet has the roll-out's rules
def test_the_bad_model_is_stopped_and_the_good_one_is_not(monkeypatch):
    try:
        find_program()
    except DependencyError as error:
        pytest.skip(f"{error} (make test-deps)")
    monkeypatch.setattr(swapping, "PROBATION", swapping.PROBATION)  # what is measured with is undone
    found = measure(devices=6, probation=10.0, stages="50,100", check=1.0)
    assert is_right(found), found
    bad = found["bad"]
    assert (bad["tried"], bad["rolled_back"], bad["use_it"]) == (1, 1, 0)
    assert "more than model.budget_ms" in bad["log"][-1]
    assert "| devices that rolled it back | 0 | 1 |" in section(found)
