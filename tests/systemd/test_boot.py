"""The service file, booted by a real systemd, around a stand-in for the daemon."""

from __future__ import annotations

import json

import pytest
from machine import Machine, hang

pytestmark = pytest.mark.usefixtures("started")


@pytest.fixture
def started(machine: Machine) -> None:
    """The service runs, however the test before left it."""
    machine.run("systemctl", "reset-failed", "mien.service", check=False)
    machine.run("systemctl", "start", "--no-block", "mien.service")
    machine.wait_until(lambda: machine.state() in ("activating (start)", "active (running)"))
    if machine.state() == "activating (start)":
        let_go(machine)
    machine.wait_until(lambda: machine.state() == "active (running)")


def let_go(machine: Machine) -> None:
    """Tell the stand-in that it is ready."""
    touch = ("sh", "-c", "touch /run/mien/go 2>/dev/null && echo done")
    machine.wait_until(lambda: machine.run(*touch, check=False) == "done")


def test_it_starts_at_boot_and_is_up_only_when_it_says_so(machine: Machine) -> None:
    machine.run("systemctl", "stop", "mien.service")
    before = int(machine.read("var/lib/mien/starts"))
    machine.run("systemctl", "start", "--no-block", "mien.service")
    machine.wait_until(lambda: int(machine.read("var/lib/mien/starts") or 0) > before)
    assert machine.state() == "activating (start)"
    let_go(machine)
    machine.wait_until(lambda: machine.state() == "active (running)")
    assert machine.show("StatusText") == "looking"


def test_one_that_hangs_is_killed_and_started_again_with_its_state(machine: Machine) -> None:
    starts, restarts = int(machine.read("var/lib/mien/starts")), int(machine.show("NRestarts"))
    hung = machine.main_process()
    hang(hung)
    machine.wait_until(lambda: int(machine.show("NRestarts")) == restarts + 1)
    machine.wait_until(lambda: machine.state() == "activating (start)")
    let_go(machine)
    machine.wait_until(lambda: machine.state() == "active (running)")
    assert machine.main_process() != hung
    assert int(machine.read("var/lib/mien/starts")) == starts + 1
    assert "watchdog" in machine.log().lower()
    # Where it hung, by Python's fault handler.
    assert "standin.py" in machine.log()


def test_a_reload_reads_the_configuration_again_in_the_same_process(machine: Machine) -> None:
    process = machine.show("MainPID")
    machine.write("etc/mien/config.toml", "two")
    machine.run("systemctl", "reload", "mien.service")
    machine.wait_until(lambda: machine.show("StatusText") == "two")
    machine.wait_until(lambda: machine.state() == "active (running)")
    assert machine.show("MainPID") == process


def test_stopping_keeps_the_state_and_is_no_failure(machine: Machine) -> None:
    starts = machine.read("var/lib/mien/starts")
    machine.run("systemctl", "stop", "mien.service")
    assert machine.state() == "inactive (dead)"
    assert machine.show("Result") == "success"
    assert machine.read("var/lib/mien/starts") == starts
    assert not (machine.root / "run/mien/go").exists()


def test_what_time_does_not_heal_is_not_tried_again(machine: Machine) -> None:
    """A wrong configuration: the service stays down, and says so."""
    machine.write(
        "etc/systemd/system/mien.service.d/wrong.conf", "[Service]\nExecStart=\nExecStart=sh -c 'exit 30'\n"
    )
    try:
        machine.run("systemctl", "stop", "mien.service")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "mien.service", check=False)
        machine.wait_until(lambda: machine.state() == "failed (failed)")
        assert machine.show("ExecMainStatus") == "30"
        assert machine.show("NRestarts") == "0"
    finally:
        (machine.root / "etc/systemd/system/mien.service.d/wrong.conf").unlink()
        machine.run("systemctl", "daemon-reload")


def test_what_it_may_and_may_not(machine: Machine) -> None:
    # A device that is no camera, open to everybody by its mode; what keeps it shut is DevicePolicy=.
    machine.run("mknod", "--mode=666", "/dev/another", "c", "10", "237")
    machine.run("systemctl", "stop", "mien.service")
    machine.run("systemctl", "start", "--no-block", "mien.service")
    let_go(machine)
    machine.wait_until(lambda: machine.state() == "active (running)")
    seen = json.loads(machine.read("var/lib/mien/surroundings.json"))
    assert seen["another device"] == "EPERM"
    assert seen["allowed"] == dict.fromkeys(seen["allowed"], True)
    assert seen["forbidden"] == dict.fromkeys(seen["forbidden"], True)
    assert seen["user"] == int(machine.run("id", "-u", "mien")) != 0
    assert int(machine.run("sh", "-c", "getent group video | cut -d: -f3")) in seen["groups"]
    assert seen["cpuinfo"]
    assert 0 < seen["interval"] < 2
    # The ones that are not there did not keep it from starting.
    assert seen["credentials"] == {"mien-mqtt-password": "open sesame"}
    assert machine.run("stat", "--format=%U:%G %a", "/run/mien") == "mien:mien 750"
