from boards import put, raspberry_pi

from edge.health.pressure import Counts
from edge.health.watch import PERIOD, HealthWatch
from edge.settings import HealthConfig


def watched(root, config=None, threads=4):
    raspberry_pi(root)
    return HealthWatch(config or HealthConfig(low_disk=0), threads, root, root)


def looks(watch, start, count, lost=0.0):
    """The events of some looks, at a camera with 25 frames a second."""
    events = []
    for look in range(start, start + count):
        offered = round(25 * PERIOD * look)
        event = watch.look(1000 + PERIOD * look, Counts(offered, round(offered * (1 - lost))))
        events += [event] if event else []
    return events


def test_only_changes_are_told(tmp_path):
    watch = watched(tmp_path)
    (first,) = looks(watch, 0, 30)
    assert (first.level, first.steps, first.conditions) == (0, (), ())
    assert first.temperature == 48.3
    assert first.to_dict()["schema"] == "mien.health/1"


def test_a_new_temperature_is_told_once_a_minute_at_most(tmp_path):
    watch = watched(tmp_path)
    looks(watch, 0, 20)
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "48900\n")
    assert not looks(watch, 20, 40)  # less than a degree
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "52000\n")
    (warmer,) = looks(watch, 60, 20)
    assert (warmer.temperature, warmer.conditions, warmer.level) == (52.0, (), 0)
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "56000\n")
    assert not looks(watch, 80, 10)  # the minute is not over
    (again,) = looks(watch, 90, 20)
    assert again.temperature == 56.0


def test_heat_is_told_answered_and_over(tmp_path):
    watch = watched(tmp_path)
    looks(watch, 0, 3)
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "83000\n")
    hot, fewer, *rest = looks(watch, 3, 10)
    assert (hot.conditions, hot.level, hot.temperature) == (("hot",), 0, 83.0)
    assert (fewer.conditions, fewer.level, fewer.steps) == (("hot",), 1, ("2 of 4 threads",))
    assert watch.adaptation.threads == 2
    assert not rest
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "60000\n")
    *_, over = looks(watch, 13, 120)
    assert (over.conditions, over.level) == ((), 0)
    assert watch.adaptation.threads == 4


def test_a_slow_machine_adapts_unless_told_not_to(tmp_path):
    events = looks(watched(tmp_path), 0, 60, lost=0.6)
    assert [event.level for event in events] == [0, 1, 2, 3]
    stubborn = watched(tmp_path, HealthConfig(adapt=False, low_disk=0))
    assert [event.level for event in looks(stubborn, 0, 60, lost=0.6)] == [0]
    assert stubborn.adaptation.interval_factor == 1
