"""A broker, devices that are only words at it, and somebody who makes models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from model_files import change, packed

from edge.bundles import signing
from edge.fleet.index_file import IndexFile, Pen
from edge.fleet.listening import Listening
from edge.settings import MqttConfig
from tests.edge.outputs.mqtt.mosquitto import PATIENCE, Listener, Mosquitto


def report(age: float = 0.0, **more: Any) -> str:
    """A device's report, so many seconds old."""
    made = datetime.now(UTC) - timedelta(seconds=age)
    told = {"schema": "mien.device/1", "time": made.isoformat(), "every": 30, "fps": {"door": 14.5}}
    told |= {"temperature": 51.5, "model": "slim@1", "proved": True, "bad": {}, "error": None, "lost": 0}
    return json.dumps({**told, **more})


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path, "allow_anonymous true")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def tell(broker: Mosquitto) -> Iterator[Callable[..., None]]:
    """Say what a device says: tell("kiosk", report(), "online"); None leaves a topic alone."""
    with Listener(broker.port) as speaker:

        def say(name: str, told: str | None = None, status: str | None = "online") -> None:
            for topic, payload in (("device", told), ("status", status)):
                if payload is not None:
                    speaker.say(f"mien/{name}/{topic}", payload, retain=True)

        yield say


@pytest.fixture
def listening(broker: Mosquitto) -> Iterator[Listening]:
    with Listening(MqttConfig(host="127.0.0.1", port=broker.port)) as listening:
        listening.wait()
        yield listening


@pytest.fixture
def config(tmp_path: Path, broker: Mosquitto) -> Path:
    """A configuration file that names the broker."""
    file = tmp_path / "mien.toml"
    file.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    return file


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to publish from, and a key whose owner is trusted; the secret one is `secret` above it."""
    keys = tmp_path / "etc/mien/keys"
    keys.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    signing.create_keys(tmp_path / "secret", keys / "maker.pub", None)
    (tmp_path / "web").mkdir()
    return tmp_path / "web"


@pytest.fixture
def index(maker: Path) -> IndexFile:
    """An index that offers slim@9 to nobody yet."""
    file = packed(change(maker.parent / "made", "9"), maker / "slim-9.mien")
    signing.sign(file, maker.parent / "secret", None, "slim 9")
    made = IndexFile(maker / "index.json", Pen(maker.parent / "secret"), signing.trusted_keys())
    assert made.add(file) == "slim@9"
    return made
