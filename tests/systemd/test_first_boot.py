"""What lies on a card image, at the first boot of a Debian with cloud-init and without a network.

The boot partition is a folder of the container; the kernel and its command line are those of this machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_roots import unpack_debian
from image.__main__ import main as make_image
from machine import BootFailed, Machine, why_not
from stock_images import make_stock, take_out

pytestmark = pytest.mark.slow
# What is on Raspberry Pi OS, too.
DEBIAN = "systemd,systemd-sysv,udev,dbus,python3,debconf,libstdc++6,cloud-init,netplan.io,openssh-server,sudo"
# As Raspberry Pi OS sets cloud-init and netplan up.
CLOUD = """\
datasource_list: [NoCloud, None]
datasource:
  NoCloud:
    seedfrom: file:///boot/firmware
"""
NETPLAN = "network:\n  version: 2\n  renderer: NetworkManager\n"
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@desk"
CONFIG = '[outputs]\njsonl = "/var/lib/mien/events.jsonl"\n'
FIRST_BOOT = 300.0  # seconds


@pytest.fixture(scope="module")
def device(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted for the first time, from the content of a card image; cloud-init has finished."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("card")
    root = unpack_debian(folder / "root", "amd64", "minbase", DEBIAN)
    stock = make_stock(folder, arch="amd64", boot_sectors=400_000)
    (folder / "id.pub").write_text(PUBLIC)
    (folder / "kiosk.toml").write_text(CONFIG)
    (folder / "password").write_text("correct horse")
    (folder / "broker").write_text("open sesame")
    flags = [str(stock), f"--deb={package}", f"--ssh-key={folder / 'id.pub'}", "--hostname=kiosk-{n:02d}"]
    flags += ["--number=7", f"--out={folder / 'kiosk.img'}", f"--config={folder / 'kiosk.toml'}"]
    flags += ["--wifi=at home: 'ü'", "--country=DE", f"--wifi-password-file={folder / 'password'}"]
    make_image([*flags, f"--credential=mien-mqtt-password={folder / 'broker'}"])
    take_out(folder / "kiosk.img", root / "boot/firmware")

    machine = Machine(root, has_usr=True)
    machine.write("etc/cloud/cloud.cfg.d/99_raspberry-pi.cfg", CLOUD)
    machine.write("usr/lib/netplan/00-network-manager-all.yaml", NETPLAN, 0o600)
    # As on Raspberry Pi OS, ssh is off.
    for link in (root / "etc/systemd/system").glob("*/ssh*"):
        link.unlink()
    try:
        with machine.booted():
            machine.wait_until(lambda: status(machine)["status"] not in ("not run", "running"), FIRST_BOOT)
            yield machine
    except BootFailed as failure:
        pytest.skip(f"systemd-nspawn boots nothing here: {failure}")


def status(machine: Machine) -> dict[str, str]:
    """cloud-init's own account of itself."""
    said = machine.run("cloud-init", "status", "--format=json", check=False)
    return json.loads(said) if said.startswith("{") else {"status": "not run"}


def test_cloud_init_took_the_seed_without_a_complaint(device: Machine) -> None:
    found = status(device)
    log = device.run("tail", "-n", "40", "/var/log/cloud-init-output.log", check=False)
    assert (found["status"], found["errors"]) == ("done", []), log
    assert found["detail"].startswith("DataSourceNoCloud")
    for name, kind in (("user-data", "cloud-config"), ("network-config", "network-config")):
        checked = ["cloud-init", "schema", "--schema-type", kind, "--config-file", f"/boot/firmware/{name}"]
        assert "Valid schema" in device.run(*checked)


def test_mien_is_installed_and_runs(device: Machine) -> None:
    assert device.run("dpkg-query", "--show", "--showformat=${Status}", "mien") == "install ok installed"
    assert device.run("systemctl", "is-enabled", "mien.service") == "enabled"
    device.wait_until(lambda: device.state() == "active (running)")
    # Its events go where the card's configuration says.
    device.wait_until(lambda: '"faces":[{' in device.run("cat", "/var/lib/mien/events.jsonl", check=False))
    assert device.read("etc/mien/config.d/40-image.toml") == CONFIG


def test_the_secret_is_roots_and_the_card_holds_it_no_more(device: Machine) -> None:
    secret = "/etc/credstore/mien-mqtt-password"
    assert device.run("stat", "--format=%U %a", secret) == "root 600"
    assert device.run("cat", secret) == "open sesame"
    assert device.run("ls", "/boot/firmware").split() == [
        "cmdline.txt",
        "config.txt",
        "meta-data",
        "network-config",
        "user-data",
    ]
    places = ["/boot", "/var/log", "/var/lib/cloud", "/run/cloud-init"]
    assert device.run("grep", "-rlE", "open sesame|correct horse", *places, check=False) == ""


def test_the_device_has_its_name_and_its_way_in(device: Machine) -> None:
    assert device.run("cat", "/etc/hostname") == "kiosk-07"
    assert device.run("hostname") == "kiosk-07"
    assert device.run("cat", "/home/pi/.ssh/authorized_keys") == PUBLIC
    assert "sudo" in device.run("id", "--name", "--groups", "pi").split()
    assert device.run("passwd", "--status", "pi").split()[1] == "L"
    assert device.run("systemctl", "is-active", "ssh.service") == "active"
    assert device.run("runuser", "-u", "pi", "--", "sudo", "-n", "id", "--user") == "0"


def test_netplan_hands_the_network_on(device: Machine) -> None:
    (file,) = (device.root / "etc/netplan").glob("*.yaml")
    assert file.stat().st_mode & 0o077 == 0
    device.run("netplan", "generate")
    made = device.run("sh", "-c", "cat /run/NetworkManager/system-connections/netplan-wlan0-*")
    assert "\nssid=at home: 'ü'\n" in made
    # 64 digits are the key itself to NetworkManager, and no password.
    key = hashlib.pbkdf2_hmac("sha1", b"correct horse", "at home: 'ü'".encode(), 4096, 32).hex()
    assert made.endswith(f"\nkey-mgmt=wpa-psk\npsk={key}")
