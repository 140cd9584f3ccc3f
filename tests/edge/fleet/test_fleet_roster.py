"""What devices say, and what somebody says who is none."""

from __future__ import annotations

import json
import time

import pytest

from edge.fleet import roster as rosters
from edge.fleet.board import row
from edge.fleet.roster import Roster
from tests.edge.fleet.conftest import report


@pytest.fixture
def roster():
    return Roster("house/mien")


def hear(roster, name, what, payload, retained=True):
    roster.hear(f"house/mien/{name}/{what}", payload.encode(), retained)


def states(roster):
    return {device.name: device.state(time.time()) for device in roster.devices()}


def test_states(roster):
    hear(roster, "a", "status", "online")
    hear(roster, "a", "device", report())
    hear(roster, "b", "status", "offline")
    hear(roster, "b", "device", report())
    hear(roster, "c", "status", "online")
    hear(roster, "c", "device", report(age=100))
    hear(roster, "d", "device", report())
    hear(roster, "e", "status", "online")
    assert states(roster) == {"a": "online", "b": "offline", "c": "silent", "d": "unknown", "e": "online"}
    hear(roster, "c", "device", report(age=100), retained=False)  # its clock is wrong
    assert states(roster)["c"] == "online"
    assert roster.filters == ("house/mien/+/status", "house/mien/+/device")


def test_a_device_whose_topics_are_cleared_is_gone(roster):
    hear(roster, "a", "status", "online")
    hear(roster, "a", "device", report())
    hear(roster, "a", "device", "")
    assert states(roster) == {"a": "online"}
    hear(roster, "a", "status", "")
    assert states(roster) == {}


@pytest.mark.parametrize(
    "payload",
    [
        "{",
        "[]",
        "null",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        '{"schema": "mien.device/2"}',
        report(time="yesterday"),
        report(temperature="hot"),
        report(temperature=float("nan")),
        report(every=-1),
        report(model="m" * 401),
        report(bad={str(number): "" for number in range(65)}),
        report(bad="x" * 20_000),
        report(error={"reason": "no time"}),
    ],
)
def test_what_is_no_report_is_counted_and_changes_nothing(roster, payload):
    hear(roster, "a", "device", report())
    before = roster.devices()
    hear(roster, "a", "device", payload)
    assert roster.devices() == before
    assert roster.unreadable == 1
    assert "\n" not in roster.said


@pytest.mark.parametrize(
    ("name", "status"), [("a", "on"), ("a", "\x00"), ("", "online"), ("n" * 65, "online")]
)
def test_what_is_no_status_is_counted_too(roster, name, status):
    hear(roster, name, "status", status)
    assert roster.devices() == []
    assert roster.unreadable == 1


def test_nobody_can_name_devices_without_end(roster, monkeypatch):
    monkeypatch.setattr(rosters, "MOST", 2)
    for name in "abc":
        hear(roster, name, "status", "online")
    hear(roster, "a", "status", "offline")
    assert states(roster) == {"a": "offline", "b": "online"}
    assert "already" in roster.said


def test_a_newer_devices_report_is_read(roster):
    hear(roster, "a", "device", json.dumps(json.loads(report()) | {"mood": "good"}))
    assert roster.unreadable == 0


def test_texts_are_fit_to_be_shown(roster):
    hear(roster, "a\x1b[2J", "device", report(model="m\u202e\x07", bad={"x\n@1": "r\r"}))
    shown = row(roster.devices()[0], time.time())
    texts = (shown["name"], shown["model"], *shown["bad"], *shown["error"].values())
    assert all(text.isprintable() for text in texts)
    assert shown["error"] == {"time": "", "about": "model x @1", "reason": "r "}
