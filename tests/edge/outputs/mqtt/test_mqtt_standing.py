"""A device's report of how it fares, and observations of which each counts."""

import json

import jsonschema
from mosquitto import Listener, until
from saying import BASE, camera, health, model, observation, say

from edge.bus import Bus
from edge.control import Control
from edge.events import CameraEvent
from edge.fleet.report import read_report
from edge.outputs.mqtt import Mqtt
from edge.schemas import DEVICE, published_schemas
from edge.settings import ModelConfig, MqttConfig
from edge.store.store import Store
from edge.store.verdicts import Verdict, Verdicts


def newest(listener):
    return json.loads(listener.wait(f"{BASE}/device").payload)


def test_late_comers_learn_how_the_device_fares(broker, connect):
    setup = connect(broker.port)
    say(setup.bus, camera("streaming"), health("hot"), model("slim"))
    with Listener(broker.port) as first:
        until(lambda: newest(first)["model"] == "slim@1.0")
    with Listener(broker.port) as late:
        heard = late.wait(f"{BASE}/device")
        assert heard.retain
        report = read_report(heard.payload)
        jsonschema.validate(json.loads(heard.payload), published_schemas()[DEVICE])
        assert (report.model, report.proved, report.temperature) == ("slim@1.0", True, 51.5)
        assert (report.conditions, report.fps, report.error, report.bad) == (["hot"], {"test": 0.0}, None, {})
        setup.output.close()
        late.wait(f"{BASE}/status", b"offline")
        assert late.on(f"{BASE}/device")[-1].payload  # how it fared last


def test_errors_are_told_at_once_and_stay(broker, connect):
    setup = connect(broker.port, report_seconds=3600)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/device")
        say(setup.bus, CameraEvent(camera="test", state="lost", reason="unplugged"))
        until(lambda: (newest(listener)["error"] or {}).get("about") == "camera test")
        say(setup.bus, camera("streaming"), model("worse", "rolled_back"))
        until(lambda: newest(listener)["error"]["about"] == "model worse@1.0")
        told = len(listener.on(f"{BASE}/device"))
        for _ in range(5):
            say(setup.bus, model("worse", "rolled_back"))
        say(setup.bus, camera("paused"))
        listener.wait(f"{BASE}/paused", b"ON")
        assert len(listener.on(f"{BASE}/device")) == told  # the same again is no news


def test_no_report_where_none_is_wanted(broker, connect):
    setup = connect(broker.port, report_seconds=0)
    with Listener(broker.port) as listener:
        say(setup.bus, model("slim"), camera("paused"))
        listener.wait(f"{BASE}/paused", b"ON")
        listener.wait(f"{BASE}/model")
        assert listener.on(f"{BASE}/device") == []


def test_a_report_stays_small(broker):
    bad = {f"slim@{number}": "x" * 5000 for number in range(50)}
    config = MqttConfig(host="127.0.0.1", port=broker.port, device="kiosk")
    output = Mqtt(config, Bus(), Control(), (), tuple, lambda: 40.0, lambda: Verdict(False, bad))
    output.start()
    with Listener(broker.port) as listener:
        told = listener.wait(f"{BASE}/device").payload
    output.close()
    report = read_report(told)
    assert list(report.bad) == [f"slim@{number}" for number in range(42, 50)]
    assert not report.proved


def test_at_qos_1_observations_outlast_a_broker(broker, connect):
    setup = connect(broker.port, observation_qos=1)
    until(lambda: setup.output.connected and not setup.output.waiting)
    broker.kill()
    until(lambda: not setup.output.connected)
    say(setup.bus, *(observation(number) for number in range(50)))
    until(lambda: setup.output.waiting >= 50)
    with_listener = broker.start
    with_listener()
    with Listener(broker.port) as listener:
        until(lambda: not setup.output.waiting)
    assert setup.output.lost == 0
    heard = [json.loads(one.payload)["frame"] for one in listener.on(f"{BASE}/test/observation")]
    assert heard == sorted(heard)
    assert all(one.qos == 1 for one in listener.on(f"{BASE}/test/observation"))


def test_the_stores_word_about_its_models(tmp_path, bundle):
    from slot_run import install

    store = Store(tmp_path / "models")
    verdicts = Verdicts(ModelConfig(store=store.root))
    assert verdicts() == Verdict(True, {})
    install(store, "1")
    pointer = install(store, "2")
    assert not verdicts().proved
    assert Verdicts(ModelConfig(store=store.root, name="slim"))().proved
    store.roll_back(bad=pointer, reason="slow")
    assert verdicts() == Verdict(True, {"slim@2": "slow"})
