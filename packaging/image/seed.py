"""What cloud-init reads from the boot partition at the first boot, as Raspberry Pi Imager writes it too.

cloud-init's files are YAML; JSON is YAML that needs no care with quotes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from image.wifi import Wifi

BOOT = "/boot/firmware"  # where Raspberry Pi OS mounts the boot partition
FOLDER = "mien"
SCRIPT = f"{FOLDER}/first-boot.sh"
CMDLINE = "cmdline.txt"
OURS = ("ds=", "cfg80211.ieee80211_regdom=")


@dataclass(frozen=True, slots=True)
class Card:
    """What tells one device from the next.

    Attributes:
        user: who may log in, by one of the public keys alone, and become root.
    """

    hostname: str
    user: str
    keys: tuple[str, ...]
    wifi: Wifi | None = None

    @property
    def instance(self) -> str:
        """cloud-init's name for the device: it starts afresh under another one."""
        return f"mien-{self.hostname}"


def seed(card: Card, cmdline: str) -> dict[str, bytes]:
    """The files of the boot partition's top folder by their names.

    Args:
        cmdline: the kernel's command line so far.
    """
    texts = {
        "user-data": "#cloud-config\n" + _dump(_user_data(card)),
        "network-config": _dump({"network": _network(card.wifi)}),
        "meta-data": _dump({"instance-id": card.instance, "dsmode": "local"}),
        CMDLINE: _cmdline(card, cmdline) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def _user_data(card: Card) -> dict[str, Any]:
    return {
        "hostname": card.hostname,
        "manage_etc_hosts": True,
        # One `user` and no list of `users`: it stays in the groups of the system's own first user.
        "user": {
            "name": card.user,
            "shell": "/bin/bash",
            "lock_passwd": True,
            "ssh_authorized_keys": list(card.keys),
            "sudo": "ALL=(ALL) NOPASSWD:ALL",  # a locked password opens no sudo
        },
        "ssh_pwauth": False,
        # The way in first: it is needed where the rest fails.
        "runcmd": [["systemctl", "enable", "--now", "ssh"], ["sh", f"{BOOT}/{SCRIPT}"]],
    }


def _network(wifi: Wifi | None) -> dict[str, Any]:
    """netplan's version 2. No boot waits for a network."""
    network: dict[str, Any] = {"version": 2, "ethernets": {"eth0": {"dhcp4": True, "optional": True}}}
    if wifi is not None:
        radio = {"dhcp4": True, "optional": True, "regulatory-domain": wifi.country}
        network["wifis"] = {"wlan0": {**radio, "access-points": {wifi.name: {"password": wifi.key}}}}
    return network


def _cmdline(card: Card, cmdline: str) -> str:
    """One line, as the firmware wants it, that sends cloud-init to these files."""
    words = [word for word in cmdline.split() if not word.startswith(OURS)]
    words.append(f"ds=nocloud;i={card.instance}")
    if card.wifi is not None:
        words.append(f"cfg80211.ieee80211_regdom={card.wifi.country}")
    return " ".join(words)


def _dump(what: dict[str, Any]) -> str:
    return json.dumps(what, indent=2, ensure_ascii=False) + "\n"
