"""Brokers and outputs for the tests of MQTT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mosquitto import Mosquitto
from saying import CAMERA

from edge.bus import Bus
from edge.control import Control
from edge.outputs.mqtt import Mqtt
from edge.settings import MqttConfig


@dataclass
class Setup:
    """An output with what it stands between."""

    bus: Bus
    control: Control
    output: Mqtt
    models: list[str]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Make a broker, which is not started yet: mosquitto("allow_anonymous true")."""
    made: list[Mosquitto] = []

    def make(*lines: str) -> Mosquitto:
        made.append(Mosquitto(tmp_path, *lines))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that everybody may use."""
    made = mosquitto("allow_anonymous true")
    made.start()
    return made


@pytest.fixture
def connect() -> Iterator[Callable[..., Setup]]:
    """Make an output and start it: connect(port, **keys of its configuration)."""
    made: list[Mqtt] = []

    def make(port: int, cameras: tuple[str, ...] = (CAMERA,), **keys: object) -> Setup:
        bus, control = Bus(), Control()
        config = MqttConfig(**{"host": "127.0.0.1", "port": port, "device": "kiosk", "interval": 0, **keys})
        models = ["slim", "slim_fine"]
        made.append(Mqtt(config, bus, control, cameras, lambda: models))
        made[-1].start()
        return Setup(bus, control, made[-1], models)

    yield make
    for output in made:
        output.close()
