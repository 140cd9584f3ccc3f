import re

import pytest
from home_assistant import DeviceDiscovery

from edge.labels import LABELS
from edge.outputs.mqtt.discovery import Discovery
from edge.outputs.mqtt.topics import Topics

TOPICS = Topics("mien/kiosk")


def introduce(cameras=("demo",), models=("slim",), commands=True, device="kiosk"):
    discovery = Discovery(TOPICS, device, cameras, lambda: models, commands)
    message = discovery.payload()
    DeviceDiscovery.model_validate(message)
    return discovery, message


def names(message):
    return {one["default_entity_id"]: one["name"] for one in message["components"].values()}


def test_one_camera():
    discovery, message = introduce()
    assert discovery.topic("homeassistant") == "homeassistant/device/mien_kiosk/config"
    assert names(message) == {
        "sensor.mien_kiosk_demo_people": "People",
        "sensor.mien_kiosk_demo_expression": "Expression",
        "binary_sensor.mien_kiosk_demo_mask": "Mask",
        "binary_sensor.mien_kiosk_demo_camera": "Camera",
        "switch.mien_kiosk_paused": "Paused",
        "select.mien_kiosk_model": "Model",
        "sensor.mien_kiosk_temperature": "Processor temperature",
        "binary_sensor.mien_kiosk_problem": "Problem",
    }
    expression = message["components"]["mien_kiosk_demo_expression"]
    assert expression["options"] == [*LABELS, "unsure"]


def test_several_cameras_are_told_apart_and_can_be_paused_one_by_one():
    _, message = introduce(cameras=("door", "hall"))
    told = names(message)
    assert told["sensor.mien_kiosk_door_people"] == "door people"
    assert {"switch.mien_kiosk_door_paused", "switch.mien_kiosk_hall_paused"} < told.keys()
    switch = message["components"]["mien_kiosk_hall_paused"]
    assert switch["command_topic"] == "mien/kiosk/command/pause/hall"


def test_without_commands_there_is_nothing_to_switch():
    _, message = introduce(commands=False)
    assert {one["platform"] for one in message["components"].values()} == {"sensor", "binary_sensor"}
    assert not any("command_topic" in one for one in message["components"].values())


def test_without_models_there_is_none_to_select():
    _, message = introduce(models=())
    assert "select" not in {one["platform"] for one in message["components"].values()}


@pytest.mark.parametrize("device", ["Büro 2.local", "a/b", "UPPER-case"])
def test_any_device_and_camera_makes_valid_names(device):
    discovery, message = introduce(device=device, cameras=("my clip #2.mp4", "front-door", "front_door"))
    assert re.fullmatch(r"[^/]+/device/[a-zA-Z0-9_-]+/config", discovery.topic("homeassistant"))
    unique = [one["unique_id"] for one in message["components"].values()]
    assert len(unique) == len(set(unique)) == 4 * 3 + 3 + 4


def test_names_do_not_change_from_start_to_start():
    assert introduce()[1] == introduce()[1]
