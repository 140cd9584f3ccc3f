"""The names of topics, in one place."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from edge.settings import MqttConfig

_OTHER = re.compile(r"[^A-Za-z0-9_.-]")


def level(name: str) -> str:
    """A name as one level of a topic: what means something in topics, or is no ASCII, becomes _.

    >>> level("my clip #2.mp4")
    'my_clip__2.mp4'
    """
    return _OTHER.sub("_", name)


def device_of(config: MqttConfig) -> str:
    """This device's name in topics."""
    return config.device or level(socket.gethostname())


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one device. `base` begins them all."""

    base: str

    @property
    def status(self) -> str:
        return f"{self.base}/status"

    @property
    def health(self) -> str:
        return f"{self.base}/health"

    @property
    def model(self) -> str:
        return f"{self.base}/model"

    @property
    def refused_model(self) -> str:
        return f"{self.base}/model/refused"

    @property
    def detector(self) -> str:
        return f"{self.base}/detector"

    @property
    def refused_detector(self) -> str:
        return f"{self.base}/detector/refused"

    @property
    def device(self) -> str:
        """How the device fares, in sum."""
        return f"{self.base}/device"

    @property
    def paused(self) -> str:
        return f"{self.base}/paused"

    @property
    def pause_command(self) -> str:
        return f"{self.base}/command/pause"

    @property
    def model_command(self) -> str:
        return f"{self.base}/command/model"

    def pause_camera_command(self, camera: str) -> str:
        return f"{self.pause_command}/{level(camera)}"

    def of_camera(self, camera: str, what: str) -> str:
        """what: observation, state, people, person or expression."""
        return f"{self.base}/{level(camera)}/{what}"

    def person(self, camera: str, track: int) -> str:
        """The state of somebody in view."""
        return self.of_camera(camera, f"person/{track}")

    @property
    def kept(self) -> tuple[str, ...]:
        """Filters for what the broker may still keep of a run that ended without a word."""
        return self.detector, *(f"{self.base}/+/{what}" for what in ("state", "people", "person/+"))
