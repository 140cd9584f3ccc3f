import os
import socket
import time

import pytest

from edge import notify


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """The socket of a service manager; the variable names it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@mien-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1))
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listener


def heard(listener):
    return listener.recv(4096).decode().split("\n")


def test_what_the_manager_hears(manager):
    notify.ready()
    assert heard(manager) == ["READY=1"]
    notify.ready("looking at camera 0")
    assert heard(manager) == ["READY=1", "STATUS=looking at camera 0"]
    notify.status("24 frames a second")
    assert heard(manager) == ["STATUS=24 frames a second"]
    notify.watchdog()
    assert heard(manager) == ["WATCHDOG=1"]
    notify.stopping("by signal")
    assert heard(manager) == ["STOPPING=1", "STATUS=by signal"]


def test_a_reload_tells_its_time(manager):
    before = time.monotonic_ns() // 1000
    notify.reloading()
    reloading, stamp = heard(manager)
    assert reloading == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_status_cannot_say_anything_else(manager):
    notify.status("lost\nREADY=1")
    assert heard(manager) == ["STATUS=lost READY=1"]


@pytest.mark.parametrize("address", [None, "", "nonsense", "/nowhere/at/all", "@nobody-listens-here"])
def test_nobody_to_tell_is_no_error(address, monkeypatch):
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify.ready("started")
    notify.watchdog()


def test_several_signs_of_life_fit_into_the_watchdog_s_time():
    mine = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert notify.watchdog_interval(mine) == pytest.approx(5.0)
    assert notify.watchdog_interval({"WATCHDOG_USEC": "30000000"}) == pytest.approx(5.0)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_nobody_waits_for_a_sign_of_life(environment):
    assert notify.watchdog_interval(environment) is None
