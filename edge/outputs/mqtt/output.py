"""MQTT: a thread of its own between the bus and the broker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

import aiomqtt

from edge.bus import Bus, Subscription
from edge.control import Control
from edge.outputs.mqtt.broker import Broker
from edge.outputs.mqtt.commands import Commands
from edge.outputs.mqtt.discovery import Discovery
from edge.outputs.mqtt.inbox import Inbox
from edge.outputs.mqtt.line import stay_connected, subscribe
from edge.outputs.mqtt.outbox import Outbox
from edge.outputs.mqtt.reporter import Reporter
from edge.outputs.mqtt.standing import Standing
from edge.outputs.mqtt.threads import LoopThread
from edge.outputs.mqtt.topics import Topics, device_of
from edge.settings import MqttConfig
from edge.store.verdicts import Verdict

logger = logging.getLogger(__name__)
ONLINE, OFFLINE = b"online", b"offline"
TOGETHER = 0.01  # seconds from the first of a group of events to its being told
GOODBYE = 0.8  # seconds for the last words
MODELS = 5.0  # seconds between looks at which models there are
JOIN = 1.0  # seconds the thread is waited for at the end


class Mqtt:
    """Tells a broker what the bus says, and the daemon what the broker asks.

    Args:
        config: with a host.
        cameras: names of all cameras, as events call them.
        models: gives the names that may be switched to.
        temperature: of the processor, degrees Celsius.
        verdict: what the store knows of its models.
    Raises:
        ConfigError: password or authorities cannot be read.
    """

    def __init__(
        self,
        config: MqttConfig,
        bus: Bus,
        control: Control,
        cameras: Sequence[str],
        models: Callable[[], Sequence[str]],
        temperature: Callable[[], float | None] = lambda: None,
        verdict: Callable[[], Verdict] = Verdict,
    ) -> None:
        device = device_of(config)
        self._bus, self._interval, self._device = bus, config.interval, device
        topics = self._topics = Topics(f"{config.topic}/{device}")
        self._broker = Broker(config, f"mien-{device}", (topics.status, OFFLINE))
        self._outbox = Outbox()
        self._outbox.keep(topics.status, ONLINE)
        discovery = Discovery(topics, device, cameras, models, config.commands)
        self._models, self._discovery = models, discovery if config.discovery else None
        self._introduction = discovery.topic(config.discovery_prefix)
        if config.discovery:
            self._outbox.keep(self._introduction, discovery.message())
        self._reporter = Reporter(topics, self._outbox, cameras, every_observation=config.observation_qos > 0)
        self._every = config.report_seconds
        self._standing = Standing(bus, self._every, temperature, verdict, lambda: self.lost)
        self._inbox = Inbox(
            topics,
            self._outbox,
            control,
            Commands(topics, cameras, models) if config.commands else None,
            self._discovery,
            config.discovery_prefix,
        )
        self._subscription: Subscription | None = None
        self._thread = LoopThread("mqtt", self._live)
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._connected = False
        self._said: str | None = None

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def failure(self) -> None:
        """Nothing ends it for good."""

    @property
    def waiting(self) -> int:
        """Messages that the broker does not have yet."""
        return len(self._outbox)

    @property
    def lost(self) -> int:
        """Events that the broker will never hear of."""
        return 0 if self._subscription is None else self._subscription.lost

    def start(self) -> None:
        """Begin; the broker may come later."""
        self._subscription = self._bus.subscribe("mqtt", interval=self._interval, wake=self._wake)
        self._thread.start()

    def close(self) -> None:
        """Say offline, as far as that goes quickly, and end."""
        if self._subscription is None:
            return
        self._bus.unsubscribe(self._subscription)
        self._thread.call(self._stopping.set)
        self._thread.join(JOIN)
        if self.lost:
            logger.warning("MQTT: %d events lost while the broker was away or slow", self.lost)

    def _wake(self) -> None:
        # On the publisher's thread, which must not suffer when the loop has ended.
        self._thread.call(self._woken.set)

    async def _live(self) -> None:
        for message in self._bus.states():
            self._reporter.report(message)
            self._standing.hear(message)
        collecting = asyncio.create_task(self._collect())
        talking = asyncio.create_task(
            stay_connected(self._broker, self._device, self._stopping, self._attend, self._say)
        )
        introducing = asyncio.create_task(self._introduce_again())
        reporting = asyncio.create_task(self._report_again())
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = (collecting, talking, introducing, reporting, stopping)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected:
            talking.cancel()  # nobody to say goodbye to
        await asyncio.wait({talking}, timeout=GOODBYE)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _collect(self) -> None:
        """Take what the bus has, at once, so that its queue stays empty whatever the broker does."""
        while True:
            await self._woken.wait()
            # What happens together, somebody's coming and their expression, is told as one state.
            await asyncio.sleep(TOGETHER)
            self._woken.clear()
            self._take()

    async def _introduce_again(self) -> None:
        """Tell Home Assistant whenever there are other models to choose from."""
        models = tuple(self._models())
        while True:
            await asyncio.sleep(MODELS)
            if (found := tuple(self._models())) != models and self._discovery is not None:
                models = found
                self._outbox.keep(self._introduction, self._discovery.message())

    async def _report_again(self) -> None:
        """Tell how the device fares; for ever also where that is not wanted, since its end would be ours."""
        while self._every:
            self._tell_standing()
            await asyncio.sleep(self._every)
        await asyncio.get_running_loop().create_future()

    def _tell_standing(self) -> None:
        self._outbox.keep(self._topics.device, self._standing.message())

    def _take(self) -> None:
        if self._subscription is None:
            return
        before, news = self._outbox.lost, False
        for message in self._subscription.take():
            self._reporter.report(message)
            news |= self._standing.hear(message)
        self._subscription.lose(self._outbox.lost - before)
        if news and self._every:
            self._tell_standing()

    async def _attend(self, client: aiomqtt.Client) -> None:
        """Converse; one that is cut off in its goodbye says the word that counts all the same."""
        try:
            await self._converse(client)
        except asyncio.CancelledError:
            # Who leaves in order has no last will told: one word, without waiting for an answer.
            await client.publish(self._topics.status, OFFLINE, qos=0, retain=True)
            raise

    async def _converse(self, client: aiomqtt.Client) -> None:
        """One connection, from the first word to the last."""
        self._outbox.again()  # the broker may have forgotten everything
        await self._listen_to(client)
        self._connected = True
        self._say(logging.INFO, f"connected to the MQTT broker {self._broker.address}")
        try:
            await self._exchange(client)
        finally:
            self._connected = False

    async def _exchange(self, client: aiomqtt.Client) -> None:
        sending, hearing = asyncio.create_task(self._send(client)), asyncio.create_task(self._hear(client))
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = {sending, hearing, stopping}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done - {stopping}:
            await task  # raises what ended it
        await self._say_goodbye(client)

    async def _listen_to(self, client: aiomqtt.Client) -> None:
        for topic in await subscribe(client, self._inbox.filters):
            logger.warning("the MQTT broker does not let mien read %s: check its access list", topic)

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            await self._send_waiting(client)
            self._outbox.filled.clear()
            await self._outbox.filled.wait()

    async def _send_waiting(self, client: aiomqtt.Client) -> None:
        while letter := self._outbox.next():
            await client.publish(letter.topic, letter.payload, letter.qos, letter.retain)
            self._outbox.done(letter)

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            self._inbox.hear(str(message.topic), payload, message.retain)

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        self._take()
        # First the word that counts, should there be no time for the others.
        self._outbox.keep(self._topics.status, OFFLINE)
        self._outbox.first(self._topics.status)
        self._reporter.end()
        await self._send_waiting(client)

    def _say(self, urgency: int, state: str) -> None:
        """A line for the log, when it says something new."""
        if state != self._said:
            logger.log(urgency, "%s", state)
        self._said = state
