"""When a stage goes on and when it stops."""

from __future__ import annotations

import time

import pytest

from edge.errors import ConfigError
from edge.fleet.judging import Count, Rules, count, judge
from edge.fleet.roster import Roster
from tests.edge.fleet.conftest import report

NEW = "slim@2"


def fleet(*devices):
    """A roster of (status, report)."""
    roster = Roster("mien")
    for number, (status, told) in enumerate(devices):
        roster.hear(f"mien/{number}/status", status.encode(), True)
        roster.hear(f"mien/{number}/device", told.encode(), True)
    return roster.devices()


def test_devices_are_counted_by_what_became_of_the_model():
    devices = fleet(
        *[("online", report())] * 35,
        ("online", report(model=NEW)),
        ("online", report(model=NEW, proved=False)),
        ("offline", report(model=NEW)),
        ("online", report(model=NEW, age=1000)),  # silent
        ("online", report(bad={NEW: "slow", "slim@1.5": "slow"})),
        ("offline", report(bad={NEW: "slow"})),
    )
    assert count(devices, NEW, 5, time.time()) == Count(
        expected=0.05 * 39, using=4, proved=1, gave_up=2, gone=2
    )
    assert count([], NEW, 5, time.time()) == Count(1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (Count(10, 0, 0, 0, 0), "wait"),
        (Count(10, 9, 4, 0, 0), "wait"),
        (Count(10, 9, 5, 0, 0), "raise"),
        (Count(10, 1, 0, 1, 0), "wait"),  # one of ten is 10 %, which may be
        (Count(10, 0, 0, 2, 0), "stop"),
        (Count(10, 9, 9, 2, 0), "stop"),  # also where enough have proved it
        (Count(1, 0, 0, 1, 0), "stop"),
        (Count(10, 30, 6, 2, 0), "raise"),  # more took it than were expected
    ],
)
def test_judgements(counted, expected):
    assert judge(counted, Rules()) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": ()},
        {"stages": (0.0, 5.0)},
        {"stages": (25.0, 5.0)},
        {"stages": (5.0, 101.0)},
        {"stages": (float("nan"),)},
        {"at_most": 100.0},
        {"at_most": -1.0},
        {"enough": 0.0},
        {"enough": 101.0},
    ],
)
def test_rules_that_make_no_sense(wrong):
    with pytest.raises(ConfigError, match="per cent"):
        Rules(**wrong)
