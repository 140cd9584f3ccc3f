"""A process with some of the simulated devices: mien's publisher, each with a bus and a thread of its own.

    python -m benchmarks.fleet.crowd RECORDING --port 1883 --first 0 --count 50 --rate 2 --seconds 600

`load.py` starts several. Says "ready" when all are connected, waits for a line, tells observations, and ends
with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.fleet.recording import now_as, read
from edge.bus import Bus
from edge.control import Control
from edge.events import CameraEvent, HealthEvent, ModelEvent
from edge.outputs.mqtt import Mqtt
from edge.settings import MqttConfig
from edge.types import Observation

PATIENCE = 120.0  # seconds for all to be connected, and for the last messages


class Device:
    """A device whose camera plays recorded observations.

    Attributes:
        sent: observations that were told to its bus.
    """

    def __init__(self, number: int, port: int, recorded: list[Observation]) -> None:
        self.name, self.sent = name_of(number), 0
        self._recorded, self._offset = recorded, number * 7  # not all at the same place of the clip
        self.bus = Bus()
        config = MqttConfig(
            host="127.0.0.1", port=port, device=self.name, interval=0, observation_qos=1, commands=False
        )
        camera = recorded[0].camera
        self.output = Mqtt(config, self.bus, Control(), (camera,), tuple, lambda: 45.0 + number % 20)
        name, _, version = (recorded[0].model or "none@0").partition("@")
        self.bus.publish(ModelEvent(state="loaded", name=name, version=version))
        self.bus.publish(CameraEvent(camera=camera, state="streaming"))
        self.bus.publish(HealthEvent(temperature=45.0 + number % 20))

    def tell(self) -> None:
        """One more observation."""
        recorded = self._recorded[(self._offset + self.sent) % len(self._recorded)]
        self.bus.publish(now_as(recorded, self.sent))
        self.sent += 1


def name_of(number: int) -> str:
    return f"device-{number:05}"


def until(condition: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def play(devices: list[Device], rate: float, seconds: float) -> float:
    """Let every device tell its observations, evenly spread, and return by how many seconds the latest was
    late."""
    began, steps, latest = time.monotonic(), round(rate * seconds), 0.0
    gap = 1 / rate / len(devices)
    for step in range(steps):
        for place, device in enumerate(devices):
            due = began + step / rate + place * gap
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            latest = max(latest, time.monotonic() - due)
            device.tell()
    return latest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    asked = parser.parse_args()
    recorded = read(asked.recording)
    devices = [Device(asked.first + number, asked.port, recorded) for number in range(asked.count)]
    for device in devices:
        device.output.start()
    if not until(lambda: all(device.output.connected and not device.output.waiting for device in devices)):
        sys.exit("not every device could connect")
    print("ready", flush=True)
    sys.stdin.readline()
    late = play(devices, asked.rate, asked.seconds)
    until(lambda: not any(device.output.waiting for device in devices))
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "sent": {device.name: device.sent for device in devices},
        "lost": sum(device.output.lost for device in devices),
        "waiting": sum(device.output.waiting for device in devices),
        "latest_seconds": late,
        "processor_seconds": used.ru_utime + used.ru_stime,
    }
    print(json.dumps(said), flush=True)
    sys.stdin.readline()  # whoever counts has heard everything
    for device in devices:
        device.output.close()


if __name__ == "__main__":
    main()
