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
