"""What comes from the broker: commands, Home Assistant's start, and what an earlier run left behind."""

from __future__ import annotations

import logging
import time

from edge.control import Control
from edge.outputs.mqtt.commands import Commands, Refused
from edge.outputs.mqtt.discovery import Discovery
from edge.outputs.mqtt.outbox import Outbox
from edge.outputs.mqtt.topics import Topics

logger = logging.getLogger(__name__)
BIRTH = b"online"
QUIET = 10.0  # seconds between two lines about bad commands


class Inbox:
    """Acts on messages.

    Args:
        commands: reads them; None obeys nothing.
        discovery: makes the introduction to Home Assistant; None without.
        prefix: of Home Assistant's topics.
    """

    def __init__(
        self,
        topics: Topics,
        outbox: Outbox,
        control: Control,
        commands: Commands | None,
        discovery: Discovery | None,
        prefix: str,
    ) -> None:
        self._outbox, self._control, self._commands = outbox, control, commands
        self._discovery = discovery
        self._birth = f"{prefix}/status"  # where Home Assistant says that it has started
        self._introduction = "" if discovery is None else discovery.topic(prefix)
        self._kept = topics.kept
        self._unsaid = 0  # bad commands since the last line about one
        self._speak_at = 0.0

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        commands = () if self._commands is None else self._commands.filters
        assistant = () if self._discovery is None else (self._birth, self._introduction)
        return [*self._kept, *commands, *assistant]

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Act on one message. retained: the broker kept it from before our subscription."""
        if topic == self._birth:
            if payload == BIRTH and not retained:  # else it was there before us, and has our message
                self._outbox.again(self._introduction)
            return
        if topic == self._introduction and self._discovery is not None:
            if retained:
                self._outbox.keep(topic, self._discovery.message(payload))
            return
        try:
            command = None if self._commands is None else self._commands.read(topic, payload, retained)
            if command is not None and not self._control.ask(command):
                raise Refused("too many wait already")
        except Refused as refusal:
            self._complain(refusal)
            return
        if command is None and retained and payload:
            self._outbox.forget(topic)

    def _complain(self, refusal: Refused) -> None:
        now = time.monotonic()
        if now < self._speak_at:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more before)" if self._unsaid else ""
        logger.warning("MQTT command refused: %s%s", refusal, more)
        self._unsaid, self._speak_at = 0, now + QUIET
