"""Brokers that die, freeze, refuse; outputs that die."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mosquitto import PASSWORD, USER, Listener, certify, encrypt, guard, until
from saying import BASE, came, camera, looks, model, observation, say

from edge.errors import ConfigError
from edge.outputs.mqtt import output as mqtt_output
from edge.outputs.mqtt.outbox import SIZE

HERE = Path(__file__).parent


@pytest.fixture
def guarded(mosquitto, tmp_path):
    """A running broker that wants a password, and lets its user do what docs/mqtt.md says, no more."""
    allowed = (
        f"readwrite {BASE}/#",
        "write homeassistant/device/mien_kiosk/config",
        "read homeassistant/status",
    )
    broker = mosquitto(*guard(tmp_path, {USER: (PASSWORD, allowed)}))
    broker.start()
    return broker


@pytest.fixture
def secret(tmp_path):
    """Write a password file."""

    def write(password):
        path = tmp_path / "password"
        path.write_text(f"{password}\n")
        path.chmod(0o600)
        return path

    return write


@pytest.fixture
def certificates(tmp_path):
    certify(tmp_path)
    return tmp_path


@pytest.fixture
def encrypted(mosquitto, certificates):
    """A running broker that speaks TLS only."""
    broker = mosquitto(*encrypt(certificates), "allow_anonymous true")
    broker.start()
    return broker


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("edge")]


def test_a_killed_process_is_told_offline_and_its_password_nowhere(guarded, secret, tmp_path):
    log = tmp_path / "process.log"
    root = str(HERE.parents[3])
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, HERE / "mqtt_process.py", str(guarded.port), secret(PASSWORD)],
            cwd=root,
            # With PYTHONSAFEPATH, a script's own folder is not on its path.
            env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{HERE}"},
            stdout=stream,
            stderr=stream,
        )
    try:
        with Listener(guarded.port, PASSWORD) as listener:
            listener.wait(f"{BASE}/status", b"online")
            listener.wait(f"{BASE}/test/person/1")
            told = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            told += Path(f"/proc/{process.pid}/environ").read_bytes()
            process.send_signal(signal.SIGKILL)
            assert listener.wait(f"{BASE}/status", b"offline").qos == 1
        with Listener(guarded.port, PASSWORD) as late:
            assert late.wait(f"{BASE}/status", b"offline").retain
    finally:
        process.kill()
        process.wait()
    assert b"connected" in log.read_bytes()
    assert PASSWORD.encode() not in told + log.read_bytes() + guarded.log.encode()


def test_one_that_has_no_time_for_a_goodbye_is_told_offline(broker, connect, monkeypatch):
    """Who leaves in order has no last will told."""
    monkeypatch.setattr(mqtt_output, "GOODBYE", 0)
    setup = connect(broker.port)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/status", b"online")
        setup.output.close()
        listener.wait(f"{BASE}/status", b"offline")


def test_a_wrong_password_is_said_once_and_tried_again(guarded, secret, connect, caplog):
    caplog.set_level(logging.DEBUG)
    setup = connect(guarded.port, username=USER, password_file=secret("wrong-" + PASSWORD))
    # 3.1.1's "not authorised" goes into the broker's log as CONNACK 5.
    until(lambda: guarded.log.count("Sending CONNACK to") >= 3)
    setup.output.close()
    said = [line for line in lines(caplog) if "MQTT broker" in line]
    assert said == [
        f"MQTT broker 127.0.0.1:{guarded.port}: it refuses the user 'mien': "
        "check mqtt.username and mqtt.password_file"
    ]
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(vars(setup.output))


def test_the_connection_is_encrypted(encrypted, certificates, connect):
    setup = connect(encrypted.port, host="localhost", tls=True, ca_file=certificates / "ca.pem")
    (told,) = say(setup.bus, came(1))
    with Listener(encrypted.port, ca_file=certificates / "ca.pem") as listener:
        listener.wait(f"{BASE}/status", b"online")
        listener.wait(f"{BASE}/test/person/1")
        setup.output.close()
        listener.wait(f"{BASE}/status", b"offline")
    assert told


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"ca_file": "other.pem"}, "its certificate is not to be trusted"),
        ({}, "set mqtt.ca_file to who signed it"),
        ({"ca_file": "ca.pem", "host": "127.0.0.1"}, "its certificate is for another name"),
    ],
)
def test_a_strange_certificate_is_refused(encrypted, certificates, connect, caplog, keys, reason):
    keys = {"host": "localhost", **keys}
    if "ca_file" in keys:
        keys["ca_file"] = certificates / keys["ca_file"]
    setup = connect(encrypted.port, tls=True, **keys)
    until(lambda: any(reason in line for line in lines(caplog)))
    setup.output.close()
    assert not setup.output.connected
    assert "mien-kiosk" not in encrypted.log


def test_a_broker_without_tls_is_named(broker, connect, caplog):
    connect(broker.port, tls=True)
    until(lambda: any("TLS" in line and "mqtt.port" in line for line in lines(caplog)))


def test_unreadable_authorities_are_an_error_at_the_start(tmp_path, connect):
    with pytest.raises(ConfigError, match="cannot be read"):
        connect(1, tls=True, ca_file=tmp_path / "absent.pem")
    (tmp_path / "empty.pem").write_text("none\n")
    with pytest.raises(ConfigError, match="holds no certificate"):
        connect(1, tls=True, ca_file=tmp_path / "empty.pem")


def test_a_broker_may_come_late_and_come_back(mosquitto, connect, caplog):
    caplog.set_level(logging.INFO)
    broker = mosquitto("allow_anonymous true")
    setup = connect(broker.port)
    say(setup.bus, camera("streaming"), came(1), model("slim"))
    until(lambda: any("nobody listens there" in line for line in lines(caplog)))
    broker.start()  # its log tells what came before anybody could listen
    until(lambda: broker.received(f"{BASE}/test/person"))  # said before there was a broker
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/test/state")
    slowest = 0.0
    broker.kill()
    until(lambda: not setup.output.connected)
    events = [looks(1, "sad" if number % 2 else "happy") for number in range(SIZE + 100)]
    for number, event in enumerate(events):
        began = time.monotonic()
        say(setup.bus, event, observation(number))
        slowest = max(slowest, time.monotonic() - began)
        if number % 50 == 0:
            time.sleep(0.1)
    until(lambda: setup.output.lost >= 100 + len(events) - 1)
    broker.start()  # without any memory
    until(lambda: broker.received(f"{BASE}/test/expression") >= SIZE)
    with Listener(broker.port) as late:
        assert json.loads(late.wait(f"{BASE}/test/person/1").payload)["label"] == "sad"
        for topic in ("status", "model", "test/state", "test/people", "paused"):
            assert late.wait(f"{BASE}/{topic}").retain
    assert slowest < 5  # a broker that were waited for would be waited for longer
    said = [line for line in lines(caplog) if "MQTT broker" in line]
    assert sum("connected to" in line for line in said) == 2
    assert sum("nobody listens" in line for line in said) <= 2
    setup.output.close()
    assert f"MQTT: {setup.output.lost} events lost" in caplog.text


def test_a_frozen_broker_holds_nobody_up(broker, connect, caplog):
    setup = connect(broker.port)
    until(lambda: setup.output.connected)
    broker.signal(signal.SIGSTOP)
    try:
        publisher = threading.Thread(
            target=lambda: [say(setup.bus, looks(1, "happy"), observation(n)) for n in range(3000)],
            daemon=True,
        )
        publisher.start()
        publisher.join(30)
        assert not publisher.is_alive()
        until(lambda: setup.output.lost)
        setup.output.close()
    finally:
        broker.signal(signal.SIGCONT)
    assert "events lost" in caplog.text


@pytest.mark.slow
def test_a_frozen_broker_is_given_up_and_come_back_to(broker, connect):
    setup = connect(broker.port)
    until(lambda: setup.output.connected)
    broker.signal(signal.SIGSTOP)
    say(setup.bus, came(1))
    try:
        until(lambda: not setup.output.connected)
    finally:
        broker.signal(signal.SIGCONT)
    until(lambda: setup.output.connected)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/status", b"online")
        listener.wait(f"{BASE}/test/person/1")


@pytest.mark.slow
def test_two_devices_of_one_name_are_told(broker, connect, caplog):
    for _ in range(2):
        connect(broker.port)
    until(lambda: any("does another device call itself kiosk?" in line for line in lines(caplog)))
