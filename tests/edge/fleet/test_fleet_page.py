"""The fleet's page and list, from a real broker's retained topics."""

from __future__ import annotations

import http.client
import json

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.errors import BrokerError, ConfigError, OutputError
from edge.fleet.listening import Listening
from edge.fleet.site import FleetServer
from edge.settings import HttpConfig, MqttConfig
from tests.edge.fleet.conftest import report, until
from tests.edge.outputs.browser import CHROMEDRIVER, CHROMIUM, Browser

HOSTILE = "<img src=x onerror=document.title='hit'>"
TOKEN = "a-token-that-is-long-enough"
FAULT = {"time": "2026-11-25T09:14:02Z", "about": "camera door", "reason": f"unplugged {HOSTILE}"}


@pytest.fixture
def served(listening):
    server = FleetServer(HttpConfig(), "127.0.0.1:0", listening)
    server.start()
    yield server
    server.close()


def ask(server, path="/api/v1/fleet", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def test_everything_is_told_from_retained_topics(tell, broker, served, listening):
    tell("b", report())
    tell("a", report(error=FAULT, conditions=["hot"]))
    tell("gone", report(bad={"slim@2": "slow"}), "offline")
    tell("broken", "{", "online")
    until(lambda: len(listening.roster.devices()) == 4)
    told = json.load(ask(served))
    assert told["connected"]
    assert told["states"] == {"online": 3, "offline": 1}
    assert told["models"] == [["slim@1", 3], ["unknown", 1]]
    assert told["rolled_back"] == [["slim@2", 1]]
    assert [one["name"] for one in told["devices"]] == [
        "gone",
        "a",
        "b",
        "broken",
    ]  # what needs somebody first
    assert told["unreadable"] == 1
    first, second = told["devices"][:2]
    assert (first["error"]["about"], first["error"]["reason"]) == ("model slim@2", "slow")
    assert (second["fps"], second["temperature"], second["error"]["about"]) == (14.5, 51.5, "camera door")
    found = json.load(ask(served, "/api/v1/fleet?search=UNPLUGGED"))
    assert (found["count"], found["matching"], found["devices"][0]["name"]) == (4, 1, "a")


def test_who_vanishes_is_offline_by_its_last_will(broker, listening):
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.will_set("mien/kiosk/status", "offline", 1, retain=True)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish("mien/kiosk/status", "online", 1, retain=True)
    until(lambda: [device.online for device in listening.roster.devices()] == [True])
    client.socket().close()
    client.loop_stop()
    until(lambda: [device.online for device in listening.roster.devices()] == [False])


def test_a_broker_that_goes_and_comes_back(tell, broker, served, listening):
    tell("a", report())
    broker.kill()
    until(lambda: not listening.connected and listening.trouble)
    told = json.load(ask(served))
    assert not told["connected"]
    assert told["trouble"].startswith("MQTT broker 127.0.0.1")
    broker.start()
    until(lambda: json.load(ask(served))["connected"])


def test_strangers_need_the_token(listening, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with pytest.raises(OutputError, match="not this machine alone"):
        FleetServer(HttpConfig(), "0.0.0.0:0", listening).start()
    server = FleetServer(HttpConfig(token_file=tmp_path / "token"), "0.0.0.0:0", listening)
    server.start()
    try:
        assert ask(server).status == 401
        assert ask(server, Authorization=f"Bearer {TOKEN}").status == 200
        assert ask(server, "/").status == 200  # the same for everybody
        assert ask(server, Host="evil.example").status == 421
    finally:
        server.close()


@pytest.mark.skipif(CHROMIUM is None or CHROMEDRIVER is None, reason="no chromium (make test-deps)")
def test_the_page_shows_them_as_text(tell, served, listening, tmp_path):
    tell("plain", report(proved=False))
    tell(HOSTILE.replace("/", ""), report(model=HOSTILE, error=FAULT, bad={"slim@2": HOSTILE}), "offline")
    until(lambda: len(listening.roster.devices()) == 2)
    with Browser(tmp_path / "chromium") as browser:
        browser.open(served.url)
        browser.wait("return document.querySelectorAll('tbody tr').length === 2")
        assert browser.text("tbody th") == HOSTILE
        assert browser.text("tbody .error").startswith(f"camera door: unplugged {HOSTILE}")
        assert browser.run("return document.querySelectorAll('main img').length") == 0
        assert browser.run("return document.title") == "1 of 2 online · mien fleet"
        assert "(on probation)" in browser.text("tbody")
        browser.run(
            "const box = document.getElementById('search'); box.value = 'plain';"
            "box.dispatchEvent(new Event('input'))"
        )
        browser.wait("return document.querySelectorAll('tbody tr').length === 1")
        for width in (1280, 400):
            browser.resize(width, 800)
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.console() == []
        browser.leave()


def test_the_list(tell, config):
    tell("kiosk[red]", report(error=FAULT))
    shown = CliRunner().invoke(app, ["fleet", "list", "--config", str(config)], terminal_width=200)
    assert "kiosk[red]" in shown.output
    assert "1 devices: 1 online" in shown.output
    told = CliRunner().invoke(app, ["fleet", "list", "--json", "--config", str(config)])
    assert json.loads(told.output)["devices"][0]["error"]["about"] == "camera door"


def test_what_keeps_it_from_being_read_is_one_line(broker, config, tmp_path, mien):
    nobody = mien("fleet", "list")
    assert (nobody.returncode, len(nobody.stderr.splitlines())) == (ConfigError.exit_code, 1)
    wrong = mien("fleet", "page", "--http", "here", "--config", str(config))
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (ConfigError.exit_code, 1)
    broker.kill()
    away = mien("fleet", "list", "--config", str(config))
    assert away.returncode == BrokerError.exit_code
    assert "nobody listens there" in away.stderr.splitlines()[-1]


def test_a_broker_that_lets_nobody_in(tmp_path):
    from tests.edge.outputs.mqtt.mosquitto import Mosquitto

    broker = Mosquitto(tmp_path, "allow_anonymous false")
    broker.start()
    try:
        with (
            Listening(MqttConfig(host="127.0.0.1", port=broker.port)) as listening,
            pytest.raises(BrokerError, match="refuses"),
        ):
            listening.wait()
    finally:
        broker.kill()
