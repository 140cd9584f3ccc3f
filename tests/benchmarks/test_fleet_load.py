"""A few devices of the fleet's benchmark at a real broker."""

from __future__ import annotations

import time

import pytest

from benchmarks.fleet.broker import Mosquitto, find_program
from benchmarks.fleet.load import measure, section
from benchmarks.fleet.witness import Witness
from edge.errors import DependencyError


@pytest.fixture
def program():
    try:
        return find_program()
    except DependencyError as error:
        pytest.skip(f"{error} (make test-deps)")


def test_every_message_of_a_small_fleet_arrives(program):
    found = measure(devices=5, rate=4.0, seconds=3.0, quiet=0.0, crowds=2)
    assert found["sent"] == found["received"] == 5 * 4 * 3
    counts = ("missing", "repeated", "disordered", "lost_by_devices", "dropped_by_broker")
    assert [found[key] for key in counts] == [0] * 5
    assert found["reports"] >= 5
    assert found["bytes_in_per_second"] > 0
    assert "| missing at the subscriber | **0** |" in section(found)


def test_a_message_that_is_missing_or_told_twice_is_noticed(program, tmp_path):
    with Mosquitto(tmp_path) as broker, Witness(broker.port) as witness:
        for number in (0, 2, 2, 1):
            said = f'{{"frame": {number}, "time": "2026-01-01T00:00:00Z"}}'
            witness._client.publish("mien/one/demo/observation", said, 1).wait_for_publish(20)
        witness._client.publish("mien/end/demo/observation", said, 1).wait_for_publish(20)
        deadline = time.monotonic() + 20
        while witness.heard < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
    assert witness.missing({"one": 5, "two": 1}) == 3
    assert (witness.repeated, witness.disordered) == (1, 1)
