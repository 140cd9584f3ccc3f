"""MQTT through a real broker."""

import json

from mosquitto import Listener, until
from saying import BASE, came, camera, health, left, looks, model, observation, say

from edge.control import Pause, SwitchModel
from edge.outputs.mqtt import output as mqtt_output


def test_events_arrive_as_they_are(broker, connect):
    setup = connect(broker.port)
    with Listener(broker.port) as listener:
        until(lambda: setup.output.connected)
        events = came(3), looks(3, "happy"), camera("streaming"), model("slim"), health("hot")
        events += (model("facet", task="detection"), model("worse", "rolled_back", "detection"))
        told = say(setup.bus, *events, observation(1), model("broken", "refused"))
        topics = (
            "test/person",
            "test/expression",
            "test/state",
            "model",
            "health",
            "detector",
            "detector/refused",
            "test/observation",
            "model/refused",
        )
        for topic, payload in zip(topics, told, strict=True):
            assert listener.wait(f"{BASE}/{topic}", payload).qos == (
                0 if topic.endswith("observation") else 1
            )
        setup.output.close()
        assert not setup.output.lost


def test_late_comers_learn_the_states(broker, connect):
    setup = connect(broker.port)
    people = came(3), came(4), looks(3, "happy"), looks(4, None, "mask"), left(9)
    with Listener(broker.port) as witness:  # before anything is said: the broker keeps no events
        say(setup.bus, camera("streaming"), *people, model("slim"), model("broken", "refused"), health())
        witness.wait(f"{BASE}/health")
        witness.wait(f"{BASE}/model/refused")  # events go after states; this is the last one
    with Listener(broker.port) as late:
        assert late.wait(f"{BASE}/status").payload == b"online"
        person = json.loads(late.wait(f"{BASE}/test/person/3").payload)
        assert (person["track"], person["label"], person["camera"]) == (3, "happy", "test")
        people = json.loads(late.wait(f"{BASE}/test/people").payload)
        assert (people["count"], people["masked"]) == (2, True)
        assert (people["labels"]["happy"], people["labels"]["unsure"]) == (1, 1)
        assert json.loads(late.wait(f"{BASE}/model").payload)["name"] == "slim"
        assert json.loads(late.wait(f"{BASE}/test/state").payload)["state"] == "streaming"
        assert late.wait(f"{BASE}/paused").payload == b"OFF"
        assert all(one.retain for one in late.heard)
        say(setup.bus, left(3))
        assert not late.wait(f"{BASE}/test/person/3", b"").retain
        say(setup.bus, camera("paused"))
        late.wait(f"{BASE}/paused", b"ON")
        late.wait(f"{BASE}/test/person/4", b"")
        setup.output.close()
        late.wait(f"{BASE}/status", b"offline")
    with Listener(broker.port) as later:
        assert json.loads(later.wait(f"{BASE}/test/people").payload)["count"] == 0
        assert later.wait(f"{BASE}/status").payload == b"offline"
        assert not [one for one in later.heard if "/person/" in one.topic]


def test_what_an_earlier_run_left_is_cleared(broker, connect):
    with Listener(broker.port) as listener:
        ghosts = [f"{BASE}/test/person/7", f"{BASE}/removed/people", f"{BASE}/removed/state"]
        ghosts += [f"{BASE}/detector"]
        for topic in ghosts:
            listener.say(topic, "{}", retain=True)
        connect(broker.port)
        for topic in ghosts:
            listener.wait(topic, b"")
        listener.wait(f"{BASE}/test/people")


def test_commands_reach_the_daemon(broker, connect):
    setup = connect(broker.port)
    until(lambda: setup.output.connected)
    with Listener(broker.port) as listener:
        listener.say(f"{BASE}/command/pause", "ON")
        listener.say(f"{BASE}/command/pause/test", "OFF")
        listener.say(f"{BASE}/command/model", "slim_fine")
    asked = [setup.control.next(10) for _ in range(3)]
    assert asked == [Pause(True), Pause(False, "test"), SwitchModel("slim_fine")]


def test_bad_commands_are_refused_in_one_line(broker, connect, caplog):
    setup = connect(broker.port)
    until(lambda: setup.output.connected)
    with Listener(broker.port) as listener:
        for number in range(30):
            listener.say(f"{BASE}/command/pause", f"perhaps\n{number}")
        listener.say(f"{BASE}/command/model", "/etc/passwd")
        listener.say(f"{BASE}/command/pause/elsewhere", "ON")
        listener.say(f"{BASE}/command/pause", "ON")
    assert setup.control.next(10) == Pause(True)
    refused = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert refused == [r"MQTT command refused: 'perhaps\n0' is neither ON nor OFF"]


def test_commands_can_be_switched_off(broker, connect):
    setup = connect(broker.port, commands=False)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/status")
        listener.say(f"{BASE}/command/pause", "ON")
        say(setup.bus, came(1))
        listener.wait(f"{BASE}/test/person")
    assert setup.control.next(0.2) is None


def test_home_assistant_is_told_again_when_it_starts(broker, connect):
    connect(broker.port)
    topic = "homeassistant/device/mien_kiosk/config"
    with Listener(broker.port) as listener:
        assert json.loads(listener.wait(topic).payload)["components"]
        before = len(listener.on(topic))
        listener.say("homeassistant/status", "online")
        until(lambda: len(listener.on(topic)) > before)


def test_home_assistant_and_commands_know_a_model_that_was_installed_meanwhile(broker, connect, monkeypatch):
    monkeypatch.setattr(mqtt_output, "MODELS", 0.05)
    setup = connect(broker.port)
    with Listener(broker.port) as listener:
        topic = "homeassistant/device/mien_kiosk/config"

        def offered():
            return [
                json.loads(one.payload)["components"]["mien_kiosk_model"]["options"]
                for one in listener.heard
                if one.topic == topic
            ]

        until(lambda: offered() and setup.output.connected)
        setup.models.append("newer")
        until(lambda: offered()[-1] == ["slim", "slim_fine", "newer"])
        assert len(offered()) == 2
        listener.say(f"{BASE}/command/model", "newer")
        assert setup.control.next(10) == SwitchModel("newer")


def test_home_assistant_forgets_a_camera_that_was_taken_away(broker, connect):
    topic = "homeassistant/device/mien_kiosk/config"
    setup = connect(broker.port, cameras=("door", "hall"))
    with Listener(broker.port) as listener:
        first = json.loads(listener.wait(topic).payload)["components"]
    setup.output.close()
    with Listener(broker.port) as listener:
        connect(broker.port, cameras=("door",))

        def newest():
            return json.loads(listener.on(topic)[-1].payload)["components"]

        until(lambda: listener.on(topic) and newest() != first and set(newest()) >= set(first))
        newest = newest()
    gone = {unique: one for unique, one in newest.items() if set(one) == {"platform"}}
    assert gone.keys() == {unique for unique in first if "hall" in unique} | {"mien_kiosk_door_paused"}
    assert all(one == {"platform": first[unique]["platform"]} for unique, one in gone.items())
    assert newest["mien_kiosk_door_people"]["name"] == "People"


def test_without_discovery_home_assistant_hears_nothing(broker, connect):
    connect(broker.port, discovery=False)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/test/people")
        assert not [one for one in listener.heard if one.topic.startswith("homeassistant")]


def test_observations_are_rate_limited(broker, connect):
    setup = connect(broker.port, interval=3600)
    with Listener(broker.port) as listener:
        listener.wait(f"{BASE}/status")
        say(setup.bus, *map(observation, range(50)), came(1))
        listener.wait(f"{BASE}/test/person")
        listener.wait(f"{BASE}/test/observation")
        assert len(listener.on(f"{BASE}/test/observation")) == 1
