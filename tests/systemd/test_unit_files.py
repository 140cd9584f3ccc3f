"""What lies beside the unit, as text; tests/systemd/test_boot.py lets systemd read it."""

from __future__ import annotations

import re

import pytest
from machine import UNITS

ASSIGNMENT = r'[A-Z_]+(\{[^}]+\})?(==|!=|=|\+=|:=)"[^"]*"'


def lines(name: str) -> list[str]:
    return [line for line in (UNITS / name).read_text().splitlines() if line and not line.startswith("#")]


def test_the_rules_only_hand_cameras_to_their_group() -> None:
    rules = lines("rules.d/60-mien.rules")
    assert rules
    for rule in rules:
        assert re.fullmatch(rf"{ASSIGNMENT}(, {ASSIGNMENT})*", rule), rule
        keys = set(re.findall(r"[A-Z_]+(?=[=!+:])", rule))
        assert keys == {"SUBSYSTEM", "GROUP", "MODE"}


@pytest.mark.parametrize("secret", ["mien-mqtt-password", "mien-token", "mien-control-token"])
def test_secrets_come_as_credentials(secret: str) -> None:
    assert f"LoadCredential={secret}" in lines("mien.service")
    assert not [line for line in lines("mien.service") if "Environment" in line and secret in line]


def test_updates_are_off_until_somebody_enables_them() -> None:
    assert "ExecStart=/opt/mien/bin/mien models check --install --scheduled" in lines("mien-models.service")
    assert "[Install]" not in lines("mien-models.service")  # the timer alone starts it
    timer = lines("mien-models.timer")
    assert "WantedBy=timers.target" in timer
    assert [line for line in timer if line.startswith("RandomizedDelaySec=")]


def test_both_services_have_the_same_store() -> None:
    kept = {"User=mien", "StateDirectory=mien", "StateDirectoryMode=0750", "UMask=0077"}
    for name in ("mien.service", "mien-models.service"):
        assert kept <= set(lines(name))


@pytest.mark.parametrize("device", ["video", "DeviceAllow", "media"])
def test_updates_see_no_camera(device: str) -> None:
    assert not [line for line in lines("mien-models.service") if device in line]
    assert "PrivateDevices=yes" in lines("mien-models.service")
