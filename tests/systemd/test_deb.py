"""The Debian package in a fresh Debian without a network: installed, started, upgraded, removed, purged."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from debian_roots import unpack_debian
from machine import BootFailed, Machine, why_not
from shipping.__main__ import main as ship

pytestmark = pytest.mark.slow
# What a Debian on a device has anyway.
DEBIAN = "systemd,systemd-sysv,udev,dbus,python3,debconf,libstdc++6"
SITE = "/usr/lib/mien/lib/python3.13/site-packages"
EVENTS = "var/lib/mien/events.jsonl"
OURS = '[outputs]\njsonl = "/var/lib/mien/events.jsonl"\n'


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted, with two revisions of the package in /srv and mien not yet installed."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("deb")
    root = unpack_debian(folder / "root", "amd64", "minbase", DEBIAN)
    for revision in ("1", "2"):
        flags = ["deb", "--arch=amd64", "--quick", f"--revision={revision}", f"--output={root / 'srv'}"]
        ship(flags)
    machine = Machine(root, has_usr=True)
    machine.write("etc/mien/config.d/ours.toml", OURS)
    try:
        with machine.booted():
            yield machine
    except BootFailed as failure:
        pytest.skip(f"systemd-nspawn boots nothing here: {failure}")


def apt(machine: Machine, *arguments: str) -> str:
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet"]
    return machine.run(*quiet, *arguments, seconds=600)


def package(machine: Machine, revision: int) -> str:
    (file,) = (machine.root / "srv").glob(f"mien_*-{revision}+deb13_amd64.deb")
    return f"/srv/{file.name}"


def traces(machine: Machine) -> list[str]:
    """Files named after mien, outside of logs, caches and what dpkg notes of removed packages."""
    command = ["find", "/etc", "/usr", "/var/lib", "/var/log/mien", "/run/mien"]
    found = machine.run(*command, "-name", "*mien*", check=False).split()
    return [path for path in found if "/systemd/" not in path or path.startswith("/etc")]


def test_the_life_of_a_package(debian: Machine) -> None:
    assert "0.1.0" not in debian.run("mien", "--version", check=False)

    # Installed: complete, and off.
    apt(debian, "install", package(debian, 1))
    assert debian.run("systemctl", "is-enabled", "mien.service", check=False) == "disabled"
    assert debian.state() == "inactive (dead)"
    doctor = debian.run("runuser", "-u", "mien", "--", "mien", "doctor")
    assert "fail" not in doctor
    compiled = "find /usr/lib/mien -name '*.pyc' | wc -l"
    assert int(debian.run("sh", "-c", compiled)) > 500
    missing = "find /usr/lib/mien -name '*.so*' -exec ldd {} + | grep 'not found'"
    assert debian.run("sh", "-c", missing, check=False) == ""

    # Started.
    began = time.monotonic()
    debian.run("systemctl", "enable", "--now", "mien.service")
    debian.wait_until(lambda: '"faces":[{' in debian.run("cat", f"/{EVENTS}", check=False))
    print(
        f"from `systemctl enable --now` to the first face: {time.monotonic() - began:.1f} s", file=sys.stderr
    )

    # Upgraded: what the owner wrote stays, and it goes on with the new program.
    debian.run("sh", "-c", "echo '# ours' >> /etc/mien/config.toml")
    debian.run("mien", "bundle", "create", f"{SITE}/edge/models/slim", "--output", "/tmp/slim.mien")
    debian.run("mien", "models", "install", "--allow-unsigned", "/tmp/slim.mien")
    before = debian.show("MainPID")
    apt(debian, "install", package(debian, 2))
    assert debian.run("dpkg-query", "--show", "--showformat=${Version}", "mien").endswith("-2+deb13")
    assert debian.run("tail", "-n", "1", "/etc/mien/config.toml") == "# ours"
    assert debian.run("test", "-d", "/var/lib/mien/models/slim") == ""
    assert debian.run("systemctl", "is-enabled", "mien.service") == "enabled"
    debian.wait_until(lambda: debian.state() == "active (running)")
    assert debian.show("MainPID") != before

    # Removed: the program is gone, what is the owner's is there.
    apt(debian, "remove", "mien")
    assert debian.show("ActiveState") == "inactive"
    assert debian.run("sh", "-c", "ls -d /usr/lib/mien /usr/bin/mien", check=False) == ""
    assert debian.run("tail", "-n", "1", "/etc/mien/config.toml") == "# ours"
    assert debian.run("test", "-d", "/var/lib/mien/models/slim") == ""
    assert debian.run("sh", "-c", "find /etc/systemd -name '*mien*'") == ""

    # Purged: nothing is.
    debian.run("sh", "-c", "echo secret > /etc/credstore/mien-token")
    apt(debian, "purge", "mien")
    assert traces(debian) == []


def test_a_preseeded_answer_starts_it(debian: Machine) -> None:
    debian.run("sh", "-c", "echo 'mien mien/service boolean true' | debconf-set-selections")
    apt(debian, "install", package(debian, 1))
    assert debian.run("systemctl", "is-enabled", "mien.service") == "enabled"
    debian.wait_until(lambda: debian.state() == "active (running)")
    # What the administrator says later holds over an upgrade.
    debian.run("systemctl", "disable", "--now", "mien.service")
    apt(debian, "install", package(debian, 2))
    assert debian.run("systemctl", "is-enabled", "mien.service", check=False) == "disabled"
    assert debian.state() == "inactive (dead)"
