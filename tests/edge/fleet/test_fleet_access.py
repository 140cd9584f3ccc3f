"""What a fleet's reader is allowed: its own user, no more topics than docs/fleet.md says, over TLS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.errors import BrokerError
from edge.fleet.board import overview
from edge.fleet.listening import Listening
from edge.settings import MqttConfig
from tests.edge.fleet.conftest import report, until
from tests.edge.outputs.mqtt.mosquitto import Listener, Mosquitto, certify, encrypt, guard

ALLOWED = ("read mien/+/device", "read mien/+/status")
PASSWORD = "four words of a fleet"
USERS = {
    "office": (PASSWORD, ALLOWED),
    "guest": (PASSWORD, ("read mien/+/status",)),
    "speaker": (PASSWORD, ("readwrite mien/#",)),
}


@pytest.fixture
def guarded(tmp_path):
    """A running broker: TLS, passwords, an access list."""
    certify(tmp_path)
    broker = Mosquitto(tmp_path, *encrypt(tmp_path), *guard(tmp_path, USERS))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def config_of(guarded, tmp_path):
    """What `[mqtt]` says for a user."""
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    secret.chmod(0o600)

    def make(user, **more):
        keys = {"tls": True, "ca_file": tmp_path / "ca.pem", "password_file": secret} | more
        return MqttConfig(host="localhost", port=guarded.port, username=user, **keys)

    return make


def test_two_topics_are_enough(guarded, config_of, tmp_path, mien):
    with Listener(guarded.port, PASSWORD, tmp_path / "ca.pem", user="speaker") as speaker:
        speaker.say("mien/kiosk/device", report(), retain=True)
        speaker.say("mien/kiosk/status", "online", retain=True)
        speaker.wait("mien/kiosk/status")
        with Listening(config_of("office")) as listening:
            listening.wait()
            until(lambda: [one.name for one in listening.roster.devices()] == ["kiosk"])
        file = tmp_path / "mien.toml"
        lines = (
            "[mqtt]",
            'host = "localhost"',
            f"port = {guarded.port}",
            "tls = true",
            f'ca_file = "{tmp_path / "ca.pem"}"',
            'username = "office"',
            f'password_file = "{tmp_path / "password"}"',
        )
        file.write_text("\n".join(lines))
        shown = mien("fleet", "list", "--json", "--config", str(file))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [one["name"] for one in json.loads(shown.stdout)["devices"]] == ["kiosk"]


def test_who_hears_nothing_is_told_that_it_may_be_the_access_list(guarded, config_of, tmp_path):
    """With an access list mosquitto takes every subscription, and sends what may be read."""
    with Listener(guarded.port, PASSWORD, tmp_path / "ca.pem", user="speaker") as speaker:
        speaker.say("mien/kiosk/device", report(), retain=True)
        speaker.say("mien/kiosk/status", "online", retain=True)
        told = {}
        for user in ("guest", "office"):
            with Listening(config_of(user)) as listening:
                listening.wait()
                until(listening.roster.devices)
                told[user] = overview(listening)["silence"]
    assert "does not let this user read" in told["guest"]
    assert told["office"] is None


def test_a_refused_subscription_is_named(tmp_path):
    """mosquitto's dynamic security refuses what a role does not allow."""
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        pytest.skip("mosquitto_dynamic_security.so is missing: install mosquitto of Debian 12 or later")
    rules = tmp_path / "rules.json"
    half = {"acltype": "subscribePattern", "topic": "mien/+/status", "allow": True}
    rules.write_text(
        json.dumps(
            {
                "roles": [{"rolename": "half", "acls": [half]}],
                "groups": [{"groupname": "anybody", "roles": [{"rolename": "half"}]}],
                "anonymousGroup": "anybody",
                "defaultACLAccess": {"subscribe": False, "publishClientReceive": True},
            }
        )
    )
    lines = (f"plugin {plugin}", f"plugin_opt_config_file {rules}", "allow_anonymous true")
    broker = Mosquitto(tmp_path, *lines)
    broker.start()
    try:
        with (
            Listening(MqttConfig(host="127.0.0.1", port=broker.port)) as listening,
            pytest.raises(BrokerError) as refused,
        ):
            listening.wait()
    finally:
        broker.kill()
    assert "does not let this user read mien/+/device: check its access list" in str(refused.value)


def test_a_wrong_password_is_not_shown(config_of, tmp_path):
    secret = tmp_path / "another"
    secret.write_text("not the password\n")
    secret.chmod(0o600)
    with (
        Listening(config_of("office", password_file=secret)) as listening,
        pytest.raises(BrokerError) as refused,
    ):
        listening.wait()
    assert "refuses the user 'office'" in str(refused.value)
    assert "not the password" not in str(refused.value)


def test_a_broker_with_a_strange_certificate_is_not_talked_to(config_of, tmp_path):
    with (
        Listening(config_of("office", ca_file=tmp_path / "other.pem")) as listening,
        pytest.raises(BrokerError, match="not to be trusted"),
    ):
        listening.wait()
