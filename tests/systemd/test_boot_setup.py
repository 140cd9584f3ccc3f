"""`mien setup` and `mien support-bundle` where a real systemd runs the service."""

from __future__ import annotations

import pytest
from machine import Machine

pytestmark = pytest.mark.slow
ANSWERS = "etc/mien/config.d/50-setup.toml"


def mien(machine: Machine, *arguments: str, check: bool = True) -> str:
    """Run the command inside; where this Python is not /usr's, its library lies in /opt/python."""
    command = ("env", "LD_LIBRARY_PATH=/opt/python/lib", "/opt/mien/bin/mien", *arguments)
    return machine.run(*command, check=check)


def test_setup_turns_the_service_on_and_leaves_it_alone_the_second_time(daemon: Machine) -> None:
    daemon.run("systemctl", "disable", "--now", "mien.service")
    flags = ("setup", "--yes", "--camera", "demo", "--address", "0.0.0.0:8642")
    assert "started, now and at every boot" in mien(daemon, *flags)
    assert daemon.state() == "active (running)"
    assert daemon.run("systemctl", "is-enabled", "mien.service") == "enabled"
    process, written = daemon.show("MainPID"), daemon.read(ANSWERS)
    # It reads its token as a credential, or it would not serve other machines.
    assert "http.token_file" not in daemon.log()
    token = daemon.run("cat", "/etc/credstore/mien-token")
    assert token not in daemon.log()
    assert "the service runs already" in mien(daemon, "setup", "--yes")
    assert (daemon.show("MainPID"), daemon.read(ANSWERS)) == (process, written)


def test_a_running_service_rests_while_its_camera_is_looked_through(daemon: Machine) -> None:
    daemon.run("systemctl", "start", "mien.service")
    process = daemon.show("MainPID")
    assert mien(daemon, "setup", "--yes", "--camera", "97", check=False) == "looking through 97 …"
    assert daemon.state() == "active (running)"
    assert daemon.show("MainPID") != process  # it was started again, with what it had


def test_the_bundle_holds_what_the_service_said(daemon: Machine) -> None:
    daemon.run("systemctl", "start", "mien.service")
    mien(daemon, "support-bundle", "--no-bench", "--out", "/run/bundle.tar.gz")
    journal = daemon.run("tar", "-xzOf", "/run/bundle.tar.gz", "bundle/journal.txt")
    assert "systemd[1]: Started" in journal
