import json

import pytest

from edge.fleet.report import LARGEST, Unreadable, plain, read_report

GOOD = {
    "schema": "mien.device/1",
    "time": "2026-01-01T00:00:00Z",
    "every": 60,
    "fps": {"door": 14.5},
    "temperature": 51.0,
    "model": "slim@0.1.0",
    "bad": {"slim@0.2.0": "too slow"},
    "lost": 0,
}


def test_a_report():
    report = read_report(json.dumps(GOOD).encode())
    assert report.fps == {"door": 14.5}
    assert report.model == "slim@0.1.0"
    assert report.bad == {"slim@0.2.0": "too slow"}


def test_a_newer_device_may_say_more():
    assert read_report(json.dumps({**GOOD, "hands": 2}).encode()).model == "slim@0.1.0"


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": "mien.device/9"},
        {"time": "yesterday"},
        {"fps": {"a": 1.7e308, "b": 1.7e308}},  # each is a number, their sum is none
        {"fps": {"a": -1}},
        {"temperature": 1e300},
        {"model": "x" * 401},
        {"bad": {str(number): "" for number in range(65)}},
    ],
)
def test_what_is_no_report(changed):
    with pytest.raises(Unreadable):
        read_report(json.dumps({**GOOD, **changed}).encode())


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"[]", b'{"fps": NaN}', b"[" * 100, b" " * (LARGEST + 1)]
)
def test_bytes_of_anybody(payload):
    with pytest.raises(Unreadable):
        read_report(payload)


def test_what_would_steer_a_terminal_is_blanked():
    assert plain("a\x1b[2Jb\u202ec") == "a [2Jb c"
