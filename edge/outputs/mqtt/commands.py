"""What others may ask for: messages on command topics as commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.control import Command, Pause, SwitchModel
from edge.outputs.mqtt.topics import Topics, level

SHOWN = 40  # bytes of a bad payload that stand in the log
SWITCH = {b"ON": True, b"OFF": False}


class Refused(Exception):
    """One line: what is wrong with a command."""


class Commands:
    """Reads commands.

    Args:
        cameras: names of all cameras.
        models: gives the names that may be switched to.
    """

    def __init__(self, topics: Topics, cameras: Sequence[str], models: Callable[[], Sequence[str]]) -> None:
        self._topics = topics
        self._cameras = {level(camera): camera for camera in cameras}
        self._models = models

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        topics = self._topics
        return topics.pause_command, topics.pause_camera_command("") + "+", topics.model_command

    def read(self, topic: str, payload: bytes, retained: bool) -> Command | None:
        """The command of a message; None where the topic is none for commands.

        Args:
            retained: the broker kept it from earlier.
        Raises:
            Refused: it says nothing that could be done.
        """
        pause = self._topics.pause_command
        if topic not in (pause, self._topics.model_command) and not topic.startswith(f"{pause}/"):
            return None
        if retained:
            # It would be obeyed again at every connection, long after it was meant.
            raise Refused("it is retained; publish it without that flag")
        if topic == self._topics.model_command:
            return SwitchModel(self._model(payload))
        if payload not in SWITCH:
            raise Refused(f"{_shown(payload)} is neither ON nor OFF")
        return Pause(SWITCH[payload], None if topic == pause else self._camera(topic))

    def _model(self, payload: bytes) -> str:
        models = self._models()
        for name in models:
            if payload == name.encode():
                return name
        raise Refused(f"{_shown(payload)} is no model on offer: {', '.join(models) or 'there is none'}")

    def _camera(self, topic: str) -> str:
        name = topic.rpartition("/")[2]
        if name not in self._cameras:
            raise Refused(f"{_shown(name.encode())} is no camera: there is {', '.join(self._cameras)}")
        return self._cameras[name]


def _shown(payload: bytes) -> str:
    # ASCII, so that nobody writes lines of their own into the log.
    return ascii(payload[:SHOWN].decode(errors="replace")) + ("…" if len(payload) > SHOWN else "")
