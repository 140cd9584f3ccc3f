import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.health.conditions import CLEAR, COOLER, HOT, LOW_DISK, LOW_MEMORY, Conditions
from edge.health.throttling import THROTTLED, UNDER_VOLTAGE, Throttling, decode
from edge.health.vitals import Vitals
from edge.settings import HealthConfig

CONFIG = HealthConfig()
MEGABYTE = 1_000_000


def follow(*readings, start=100.0):
    """Conditions after each (seconds, vitals)."""
    conditions = Conditions(CONFIG)
    return [conditions.update(vitals, start + seconds) for seconds, vitals in readings]


def test_what_is_unknown_is_not_wrong():
    assert follow((0, Vitals()), (60, Vitals())) == [(), ()]


@pytest.mark.parametrize(
    ("name", "bad", "between", "good"),
    [
        (
            HOT,
            Vitals(temperature=CONFIG.hot),
            Vitals(temperature=CONFIG.hot - COOLER),
            Vitals(temperature=CONFIG.hot - COOLER - 0.1),
        ),
        (
            LOW_MEMORY,
            Vitals(memory=49 * MEGABYTE),
            Vitals(memory=51 * MEGABYTE),
            Vitals(memory=90 * MEGABYTE),
        ),
        (
            LOW_DISK,
            Vitals(disk=99 * MEGABYTE),
            Vitals(disk=101 * MEGABYTE),
            Vitals(disk=300 * MEGABYTE),
        ),
    ],
)
def test_what_began_ends_only_well_beyond_the_threshold_and_after_a_while(name, bad, between, good):
    assert follow((0, between)) == [()]
    told = follow((0, bad), (2, between), (4, good), (1 + CLEAR, good), (2 + CLEAR, good))
    assert told == [*[(name,)] * 4, ()]


def test_flags_of_the_firmware_end_after_a_while_and_are_remembered():
    low = Vitals(throttling=decode(0x1))
    fine = Vitals(throttling=Throttling())
    told = follow((0, low), (2, fine), (4, low), (6, fine), (4 + CLEAR, fine), (999, fine))
    assert told == [*[(UNDER_VOLTAGE,)] * 4, *[(f"{UNDER_VOLTAGE} (past)",)] * 2]


def test_what_was_before_mien_started_is_told():
    (told,) = follow((0, Vitals(throttling=decode(0x50000), temperature=85.0)))
    assert told == (HOT, f"{UNDER_VOLTAGE} (past)", f"{THROTTLED} (past)")


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(60, 100)), max_size=200))
def test_a_condition_that_came_stays_for_a_while(readings):
    conditions, now, began = Conditions(CONFIG), 0.0, None
    for apart, temperature in readings:
        now += apart
        hot = HOT in conditions.update(Vitals(temperature=temperature), now)
        if temperature >= CONFIG.hot:
            assert hot
            began = now if began is None else began
        elif began is not None and not hot:
            assert now - began >= CLEAR
            began = None
