"""Which event goes to which topic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from edge.events import CameraEvent, ExpressionEvent, HealthEvent, Message, ModelEvent, PersonEvent
from edge.outputs.mqtt.outbox import Outbox
from edge.outputs.mqtt.people import People
from edge.outputs.mqtt.topics import Topics
from edge.types import Observation

BLIND = frozenset({"paused", "stalled", "lost", "ended"})  # a camera that sees nobody


class Reporter:
    """Turns events into topics. An event's payload is its own JSON, as in every output.

    Args:
        cameras: names of all cameras.
        every_observation: whether each observation counts, as events do; else the newest of a camera.
    """

    def __init__(
        self, topics: Topics, outbox: Outbox, cameras: Sequence[str], *, every_observation: bool = False
    ) -> None:
        self._topics = topics
        self._observe = outbox.record if every_observation else outbox.show
        self._outbox = outbox
        self._people = {camera: People(camera) for camera in cameras}
        self._person_topics: dict[str, set[str]] = {}
        self._paused = dict.fromkeys(cameras, False)
        for camera in cameras:
            self._tell_people(camera)
        self._tell_paused()

    def report(self, message: Message) -> None:
        """Put an event where it belongs."""
        event, topics, outbox = message.event, self._topics, self._outbox
        if isinstance(event, Observation):
            self._observe(topics.of_camera(event.camera, "observation"), message.json)
            if self._of(event.camera).see(event):
                self._tell_people(event.camera)
        elif isinstance(event, PersonEvent | ExpressionEvent) and event.camera is not None:
            what = "person" if isinstance(event, PersonEvent) else "expression"
            outbox.tell(topics.of_camera(event.camera, what), message.json)
            self._of(event.camera).hear(event)
            self._tell_people(event.camera)
        elif isinstance(event, CameraEvent):
            outbox.keep(topics.of_camera(event.camera, "state"), message.json)
            self._note_camera(event)
        elif isinstance(event, ModelEvent):
            reads = event.task == "expression"
            if event.state == "loaded":
                outbox.keep(topics.model if reads else topics.detector, message.json)
            else:  # what is kept is the model in use
                outbox.tell(topics.refused_model if reads else topics.refused_detector, message.json)
        elif isinstance(event, HealthEvent):
            outbox.keep(topics.health, message.json)

    def end(self) -> None:
        """Nobody is looked at any more."""
        for camera, people in self._people.items():
            people.clear()
            self._tell_people(camera)

    def _note_camera(self, event: CameraEvent) -> None:
        if event.state in BLIND:
            self._of(event.camera).clear()
            self._tell_people(event.camera)
        self._paused[event.camera] = event.state == "paused"
        self._tell_paused()

    def _tell_people(self, camera: str) -> None:
        people = self._of(camera)
        self._outbox.keep(self._topics.of_camera(camera, "people"), _json(people.summary()))
        now = {self._topics.person(camera, track): _json(state) for track, state in people.persons().items()}
        for topic in self._person_topics.get(camera, set()) - now.keys():
            self._outbox.keep(topic, b"")
        for topic, state in now.items():
            self._outbox.keep(topic, state)
        self._person_topics[camera] = set(now)

    def _tell_paused(self) -> None:
        everything = bool(self._paused) and all(self._paused.values())
        self._outbox.keep(self._topics.paused, b"ON" if everything else b"OFF")

    def _of(self, camera: str) -> People:
        return self._people.setdefault(camera, People(camera))


def _json(state: dict[str, Any]) -> bytes:
    return json.dumps(state, separators=(",", ":")).encode()
