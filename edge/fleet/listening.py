"""Hears the devices, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from typing import Self

import aiomqtt

from edge.errors import BrokerError
from edge.fleet.roster import Roster
from edge.outputs.mqtt.broker import Broker
from edge.outputs.mqtt.line import stay_connected, subscribe
from edge.outputs.mqtt.threads import LoopThread
from edge.settings import MqttConfig

logger = logging.getLogger(__name__)
INCOMING = 200_000  # messages that may wait: what the broker keeps of a whole fleet comes at once
CALM = 0.5  # seconds without a message, after which all that was kept has come
LONGEST = 10.0  # seconds the kept ones may take
LOOK = 0.05  # seconds between looks


class Listening:
    """Keeps a roster up to date while the `with` lasts, whatever becomes of the broker meanwhile.

    Args:
        config: with a host.
    Attributes:
        roster: what was heard.
        connected: to the broker, and let to read.
        trouble: why not, in one line; None before the first try, and while connected.
    Raises:
        ConfigError: there is no host, or password or authorities cannot be read.
    """

    def __init__(self, config: MqttConfig) -> None:
        self.roster = Roster(config.topic)
        self.connected = False
        self.trouble: str | None = None
        # Of no device, and another one at each start: nobody throws anybody out.
        name = f"mien-fleet-{secrets.token_hex(4)}"
        self._name, self._broker = name, Broker(config, name, incoming=INCOMING)
        self._heard = 0.0
        self._said: str | None = None
        self._stopping = asyncio.Event()
        self._thread = LoopThread("fleet", self._live)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.call(self._stopping.set)
        self._thread.join(1.0)

    @property
    def address(self) -> str:
        """HOST:PORT of the broker."""
        return self._broker.address

    def wait(self) -> None:
        """Until the broker has told all it keeps.

        Raises:
            BrokerError: it cannot be reached, or refuses.
        """
        _until(lambda: self.connected or self.trouble is not None, LONGEST)
        if not self.connected:
            raise BrokerError(self.trouble or f"MQTT broker {self.address}: it does not answer")
        _until(lambda: time.monotonic() - self._heard > CALM, LONGEST)

    async def _live(self) -> None:
        talking = asyncio.create_task(
            stay_connected(self._broker, self._name, self._stopping, self._converse, self._say)
        )
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((talking, stopping), return_when=asyncio.FIRST_COMPLETED)
        for task in (talking, stopping):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await task

    async def _converse(self, client: aiomqtt.Client) -> None:
        if refused := await subscribe(client, self.roster.filters):
            line = f"it does not let this user read {refused[0]}: check its access list"
            self._say(logging.WARNING, f"MQTT broker {self.address}: {line}")
            await self._stopping.wait()
            return
        self._heard = time.monotonic()
        self.connected, self.trouble = True, None
        self._said = None
        try:
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self.roster.hear(str(message.topic), payload, message.retain)
                self._heard = time.monotonic()
        finally:
            self.connected = False

    def _say(self, urgency: int, line: str) -> None:
        self.trouble = line
        if line != self._said:
            logger.log(urgency, "%s", line)
        self._said = line


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(LOOK)
