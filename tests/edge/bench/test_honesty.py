import pytest
from documents import PI, reading, record

from edge.bench.honesty import LOAD, OTHERS, STOLEN, judge

HOT = 80.0


def reasons(record, machine=PI, load=0.1, paced=False):
    return judge(record, machine, load, HOT, paced).reasons


def over_time(key, *values):
    return record([reading(float(at), **{key: value}) for at, value in enumerate(values)])


def test_a_quiet_cool_machine_is_clean():
    verdict = judge(record(), PI, 0.1, HOT, False)
    assert (verdict.reasons, verdict.unknown) == ([], [])


@pytest.mark.parametrize(
    ("bad", "load", "word"),
    [
        (record(), LOAD * PI.cores + 0.01, "load before the start was 1.01 on 4 cores"),
        (record(other_cpu=OTHERS + 0.01), 0.1, "other processes took 6%"),
        (record(stolen_cpu=STOLEN + 0.01), 0.1, "the hypervisor took 2%"),
        (over_time("throttled", [], ["throttled"], []), 0.1, "the firmware said throttled"),
        (record(before=reading(0.0, throttled=["under-voltage"])), 0.1, "the firmware said under-voltage"),
        (record(after=reading(60.0, throttled_past=["frequency capped"])), 0.1, "said frequency capped"),
        (over_time("temperature", 60.0, 80.0, 70.0), 0.1, "reached 80 °C, where 80 count as hot"),
        (over_time("clock_mhz", *[1800.0] * 6, *[1200.0] * 4), 0.1, "clock fell from 1800 to 1200 MHz"),
        (over_time("clock_mhz", *[1000.0] * 10), 0.1, "clock stayed at 1000 of 1800 MHz"),
    ],
)
def test_each_thing_that_spoils_a_run_is_told(bad, load, word):
    (reason,) = reasons(bad, load=load)
    assert word in reason


def test_what_is_wrong_at_once_is_told_together():
    bad = record(other_cpu=0.5, before=reading(0.0, throttled=["throttled"], temperature=85.0))
    assert len(reasons(bad, load=9.0)) == 4


def test_what_the_firmware_remembers_from_before_is_no_fault_of_the_run():
    past = {"throttled_past": ["throttled"]}
    assert reasons(record(before=reading(0.0, **past), after=reading(60.0, **past))) == []


def test_a_clock_that_rests_while_a_camera_is_waited_for_is_no_fault():
    assert reasons(over_time("clock_mhz", *[1800.0, 600.0] * 9), paced=True) == []


def test_what_a_board_does_not_tell_is_named_and_not_held_against_it():
    nothing = {
        "temperature": None,
        "clock_mhz": None,
        "throttled": None,
        "throttled_past": None,
        "load": None,
    }
    dark = record(
        [reading(1.0, **nothing)],
        before=reading(0.0, **nothing),
        after=reading(60.0, **nothing),
        cpu_seconds=None,
        other_cpu=None,
        stolen_cpu=None,
    )
    verdict = judge(dark, PI, None, HOT, False)
    assert verdict.reasons == []
    assert verdict.unknown == ["temperature", "clock", "throttle flags", "load", "other processes"]
