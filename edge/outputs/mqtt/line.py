"""Connected to the broker, again and again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

import aiomqtt

from edge.outputs.mqtt.broker import HUNG_UP, Broker
from edge.outputs.mqtt.delays import STEADY, Delays

NOT_SUBSCRIBED = 128  # and above, in the broker's answer


async def stay_connected(
    broker: Broker,
    name: str,
    stopping: asyncio.Event,
    converse: Callable[[aiomqtt.Client], Awaitable[None]],
    say: Callable[[int, str], None],
) -> None:
    """Connect and converse, and after a failure once more, until it is time to stop.

    Args:
        name: of this client, as a reader of the log knows it.
        stopping: set when it is time; a connection is then `converse`'s to end.
        converse: one connection, from the first word to the last.
        say: takes the urgency, as of `logging`, and a line about what is wrong.
    """
    delays, loop = Delays(), asyncio.get_running_loop()
    thrown_out = 0  # times in a row, soon after the connection
    while not stopping.is_set():
        began = None
        try:
            async with broker.connection() as client:
                began = loop.time()
                await converse(client)
        except aiomqtt.MqttError as error:
            if stopping.is_set():
                return
            lasted = 0.0 if began is None else loop.time() - began
            reason, refused = broker.explain(error)
            thrown_out = thrown_out + 1 if 0 < lasted < STEADY and reason == HUNG_UP else 0
            if thrown_out > 1:
                reason, refused = f"{reason}: does another device call itself {name}?", True
            say(logging.WARNING, f"MQTT broker {broker.address}: {reason}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), delays.after(lasted, refused))


async def subscribe(client: aiomqtt.Client, filters: Sequence[str]) -> list[str]:
    """Ask for messages at QoS 1; the filters that the broker refuses."""
    answers = await client.subscribe([(topic, 1) for topic in filters])
    codes = [answer if isinstance(answer, int) else answer.value for answer in answers]
    return [topic for topic, code in zip(filters, codes, strict=False) if code >= NOT_SUBSCRIBED]
