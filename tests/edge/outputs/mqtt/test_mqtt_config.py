import pytest
from pydantic import ValidationError

from edge.outputs.mqtt.broker import Broker
from edge.outputs.mqtt.delays import LONGEST, LONGEST_REFUSED, STEADY, Delays
from edge.outputs.mqtt.topics import device_of, level
from edge.settings import MqttConfig


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"host": "mqtt://broker"}, "name or an address alone"),
        ({"host": "broker:1883/x"}, "name or an address alone"),
        ({"host": "a..b"}, "no name of a machine"),
        ({"topic": "mien/#"}, "no \\+ #"),
        ({"topic": "/mien"}, "none empty"),
        ({"device": "a/b"}, "one level"),
        ({"discovery_prefix": ""}, "none empty"),
        ({"password_file": "secret"}, "comes with username"),
        ({"ca_file": "ca.pem"}, "comes with tls"),
    ],
)
def test_unusable_values_are_refused(keys, reason):
    with pytest.raises(ValidationError, match=reason):
        MqttConfig(**keys)


@pytest.mark.parametrize("host", ["broker.local", "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "my_broker"])
def test_names_and_addresses_are_hosts(host):
    assert MqttConfig(host=host).host == host


def test_defaults():
    assert MqttConfig(host="broker").effective_port == 1883
    assert MqttConfig(host="broker", tls=True).effective_port == 8883
    assert MqttConfig(host="broker", tls=True, port=1).effective_port == 1
    assert level(device_of(MqttConfig())) == device_of(MqttConfig())
    assert MqttConfig(topic="house/kitchen").topic == "house/kitchen"


def test_tries_become_rarer_up_to_a_limit():
    delays = Delays()
    waits = [delays.after(0, refused=False) for _ in range(20)]
    assert waits[0] < 1
    assert all(LONGEST / 2 <= wait <= LONGEST for wait in waits[5:])
    assert delays.after(STEADY, refused=False) < 1


def test_a_broker_that_refuses_is_left_alone_for_longer():
    delays = Delays()
    waits = [delays.after(0, refused=True) for _ in range(20)]
    assert LONGEST_REFUSED / 2 <= waits[-1] <= LONGEST_REFUSED


@pytest.mark.parametrize(
    ("keys", "warned"), [({}, True), ({"tls": True}, False), ({"host": "localhost"}, False)]
)
def test_a_password_in_the_clear_is_warned_of(tmp_path, caplog, keys, warned):
    secret = tmp_path / "password"
    secret.write_text("hidden\n")
    secret.chmod(0o600)
    config = MqttConfig(**{"host": "broker.invalid", "username": "kiosk", "password_file": secret, **keys})
    Broker(config, "mien-kiosk", ("status", b"offline"))
    assert ("in the clear" in caplog.text) == warned
    assert "hidden" not in caplog.text
