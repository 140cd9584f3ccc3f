"""How the device introduces itself to Home Assistant: one message that names all its entities.

The form is Home Assistant's device discovery: `device`, `origin`, `availability` and `components`, where each
component has its `platform`, a `unique_id` for ever and a `default_entity_id` to begin with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edge.outputs.mqtt.people import SHOWN
from edge.outputs.mqtt.topics import Topics, level

Component = dict[str, Any]
# What a board remembers from before is no problem of now.
PROBLEM = (
    "{% for one in value_json.conditions if not one.endswith('(past)') %}"
    "{% if loop.first %}ON{% endif %}{% else %}OFF{% endfor %}"
)


class Discovery:
    """Makes the message.

    Args:
        device: this device's name.
        cameras: names of all cameras.
        models: gives the names that may be switched to.
        commands: whether commands are obeyed; without them there is nothing to switch.
    """

    def __init__(
        self,
        topics: Topics,
        device: str,
        cameras: Sequence[str],
        models: Callable[[], Sequence[str]],
        commands: bool,
    ) -> None:
        self._topics, self._device = topics, device
        self._cameras, self._models = tuple(cameras), models
        self._commands = commands

    def topic(self, prefix: str) -> str:
        """Where the message goes, retained."""
        return f"{prefix}/device/{self.identifier}/config"

    @property
    def identifier(self) -> str:
        """Of the device, in Home Assistant; of a-z A-Z 0-9 _ -."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", f"mien_{self._device}")

    def message(self, previous: bytes = b"") -> bytes:
        """The message as it is sent.

        Args:
            previous: what the broker kept from an earlier run. Entities that it named and that are no more,
                of a camera that was taken away, are named once again by their platform alone: so Home
                Assistant forgets them.
        """
        told = self.payload()
        told["components"] = {**_platforms(previous), **told["components"]}
        return json.dumps(told, ensure_ascii=False).encode()

    def payload(self) -> dict[str, Any]:
        """The message with the entities that there are."""
        return {
            "device": {
                "identifiers": [self.identifier],
                "name": self._device,
                "manufacturer": "mien",
                "model": "Expression camera",
                "sw_version": _version(),
            },
            "origin": {"name": "mien", "sw_version": _version()},
            "availability": [{"topic": self._topics.status}],
            "qos": 1,
            "components": {component["unique_id"]: component for component in self._components()},
        }

    def _components(self) -> Iterator[Component]:
        for camera in self._cameras:
            yield from self._of_camera(camera)
        topics = self._topics
        if self._commands:
            yield self._switch("paused", "Paused", topics.paused, topics.pause_command)
            if models := self._models():
                yield {
                    **self._named("select", "model", "Model"),
                    "state_topic": topics.model,
                    "value_template": "{{ value_json.name }}",
                    "command_topic": topics.model_command,
                    "options": list(models),
                    "entity_category": "config",
                    "icon": "mdi:brain",
                }
        yield {
            **self._named("sensor", "temperature", "Processor temperature"),
            "state_topic": topics.health,
            "value_template": "{{ value_json.temperature }}",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state_class": "measurement",
            "entity_category": "diagnostic",
        }
        yield {
            **self._named("binary_sensor", "problem", "Problem"),
            "state_topic": topics.health,
            "value_template": PROBLEM,
            "json_attributes_topic": topics.health,
            "device_class": "problem",
            "entity_category": "diagnostic",
        }

    def _of_camera(self, camera: str) -> Iterator[Component]:
        several = len(self._cameras) > 1
        people, state = self._topics.of_camera(camera, "people"), self._topics.of_camera(camera, "state")

        def named(platform: str, what: str, name: str) -> Component:
            return self._named(
                platform, f"{level(camera)}_{what}", f"{camera} {name.lower()}" if several else name
            )

        # Who is in view is known only while the camera sees.
        seeing = {
            "availability": [
                {"topic": self._topics.status},
                {
                    "topic": state,
                    "value_template": "{{ 'online' if value_json.state == 'streaming' else 'offline' }}",
                },
            ],
            "availability_mode": "all",
        }
        yield {
            **named("sensor", "people", "People"),
            **seeing,
            "state_topic": people,
            "value_template": "{{ value_json.count }}",
            "json_attributes_topic": people,
            "state_class": "measurement",
            "icon": "mdi:account-multiple",
        }
        yield {
            **named("sensor", "expression", "Expression"),
            **seeing,
            "state_topic": people,
            # None, while nobody is there, means "unknown" to Home Assistant.
            "value_template": "{{ value_json.dominant }}",
            "device_class": "enum",
            "options": list(SHOWN),
            "icon": "mdi:emoticon-outline",
        }
        yield {
            **named("binary_sensor", "mask", "Mask"),
            **seeing,
            "state_topic": people,
            "value_template": "{{ 'ON' if value_json.masked else 'OFF' }}",
            "icon": "mdi:face-mask",
        }
        yield {
            **named("binary_sensor", "camera", "Camera"),
            "state_topic": state,
            "value_template": "{{ 'ON' if value_json.state in ('streaming', 'paused') else 'OFF' }}",
            "json_attributes_topic": state,
            "device_class": "connectivity",
            "entity_category": "diagnostic",
        }
        if self._commands and several:
            yield {
                **self._switch(
                    f"{level(camera)}_paused",
                    f"{camera} paused",
                    state,
                    self._topics.pause_camera_command(camera),
                ),
                "value_template": "{{ 'ON' if value_json.state == 'paused' else 'OFF' }}",
            }

    def _switch(self, what: str, name: str, state_topic: str, command_topic: str) -> Component:
        return {
            **self._named("switch", what, name),
            "state_topic": state_topic,
            "command_topic": command_topic,
            "icon": "mdi:pause",
        }

    def _named(self, platform: str, what: str, name: str) -> Component:
        unique = f"{self.identifier}_{what}"
        return {
            "platform": platform,
            "unique_id": unique,
            "default_entity_id": f"{platform}.{re.sub('[^a-z0-9]+', '_', unique.lower()).strip('_')}",
            "name": name,
        }


def _platforms(message: bytes) -> dict[str, Component]:
    """The components of a message, each by its platform alone, without those that were no more already; none
    of one that is no such message."""
    try:
        components = json.loads(message or b"{}")["components"]
        named = {unique: one["platform"] for unique, one in components.items() if len(one) > 1}
        return {unique: {"platform": str(platform)} for unique, platform in named.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _version() -> str:
    try:
        return version("mien")
    except PackageNotFoundError:  # run from a folder that was copied, not installed
        return "unknown"
