"""Hears everything the fleet says, and counts."""

from __future__ import annotations

import json
import threading
import time
from array import array
from collections import Counter
from datetime import datetime
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE = 30.0  # seconds for the subscription
SYS = "$SYS/broker/"


class Witness:
    """A subscriber at QoS 1; a context manager.

    Attributes:
        broker: the newest of what the broker says of itself, by topic behind $SYS/broker/.
        delays: seconds from an observation's time to its arrival here, as a 4-byte float each.
        reports: retained reports of devices heard.
    """

    def __init__(self, port: int) -> None:
        self.broker: dict[str, str] = {}
        self.delays = array("f")
        self.reports = 0
        self._seen: dict[str, Counter[int]] = {}
        self._newest: dict[str, int] = {}
        self._disordered = 0
        self._subscribed = threading.Event()
        client = self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="witness")
        client.on_connect = self._subscribe
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._hear
        client.connect("127.0.0.1", port)

    def _subscribe(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([("mien/#", 1), (f"{SYS}#", 0)])

    def __enter__(self) -> Self:
        self._client.loop_start()
        if not self._subscribed.wait(PATIENCE):
            raise TimeoutError("the broker does not answer the witness")
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def heard(self) -> int:
        """Observations so far, twice heard ones included."""
        return len(self.delays)

    def missing(self, sent: dict[str, int]) -> int:
        """Observations that were told and not heard, by the number each carries."""
        return sum(
            number not in self._seen.get(name, ()) for name, told in sent.items() for number in range(told)
        )

    @property
    def repeated(self) -> int:
        """Observations heard more often than once: QoS 1 is at least once."""
        return sum(times - 1 for seen in self._seen.values() for times in seen.values())

    @property
    def disordered(self) -> int:
        """Observations that came after a later one of the same device."""
        return self._disordered

    def _hear(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        topic = message.topic
        if topic.startswith(SYS):
            self.broker[topic.removeprefix(SYS)] = message.payload.decode(errors="replace")
        elif topic.endswith("/device"):
            self.reports += 1
        elif topic.endswith("/observation"):
            said = json.loads(message.payload)
            device, number = topic.split("/")[1], said["frame"]
            self.delays.append(time.time() - datetime.fromisoformat(said["time"]).timestamp())
            self._seen.setdefault(device, Counter())[number] += 1
            self._disordered += number < self._newest.get(device, -1)
            self._newest[device] = max(number, self._newest.get(device, -1))
