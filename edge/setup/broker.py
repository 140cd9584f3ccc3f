"""Whether the MQTT broker takes this device, found out by a real connection."""

from __future__ import annotations

import asyncio

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from edge.outputs.mqtt.broker import BAD_CREDENTIALS, Broker
from edge.outputs.mqtt.topics import device_of
from edge.settings import MqttConfig


def find_fault(config: MqttConfig, password: str | None) -> str | None:
    """Connect once and say goodbye.

    Args:
        password: of `config.username`.
    Returns:
        What keeps the broker from being used and what to do, in one line; None where nothing does.
    Raises:
        ConfigError: the authorities' file cannot be read.
    """
    # A name of its own, so that a running mien is not thrown out; a will that leaves nothing at the broker.
    device = device_of(config)
    broker = Broker(config, f"mien-setup-{device}", (f"{config.topic}/{device}/setup", b""), password)

    async def connect() -> None:
        async with broker.connection():
            pass

    try:
        asyncio.run(connect())
    except aiomqtt.MqttError as error:
        refusal = error.rc if isinstance(error, MqttConnectError) else None
        if getattr(refusal, "value", refusal) in BAD_CREDENTIALS:
            who = f"user '{config.username}'" if config.username else "a client without user"
            return f"MQTT broker {broker.address} refuses {who}: the user or the password is wrong"
        return f"MQTT broker {broker.address}: {broker.explain(error)[0]}"
    return None
