"""Events to say on a bus."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from edge.bundles import Task
from edge.bus import Bus
from edge.events import (
    CameraEvent,
    CameraPhase,
    Event,
    ExpressionEvent,
    HealthEvent,
    Message,
    ModelEvent,
    PersonEvent,
)
from edge.labels import LABELS
from edge.types import Expression, Face, Observation, ObservedFace

CAMERA = "test"
BASE = "mien/kiosk"  # of the topics, for a device called kiosk


def say(bus: Bus, *events: Event) -> list[bytes]:
    """Publish; what they look like on the wire."""
    for event in events:
        bus.publish(event)
    return [Message(event).json for event in events]


def came(track: int) -> PersonEvent:
    return PersonEvent(camera=CAMERA, event="appeared", track=track)


def left(track: int) -> PersonEvent:
    return PersonEvent(camera=CAMERA, event="left", track=track, seconds=3.5)


def looks(track: int, label: str | None, mask_state: str = "no_mask") -> ExpressionEvent:
    return ExpressionEvent(
        camera=CAMERA,
        track=track,
        label=label,
        previous=None,
        coarse=None,
        probability=0.8,
        mask_state=mask_state,
        seconds=1.0,
    )


def camera(state: CameraPhase, name: str = CAMERA) -> CameraEvent:
    return CameraEvent(camera=name, state=state)


def model(name: str, state: str = "loaded", task: Task = "expression") -> ModelEvent:
    return ModelEvent(state=state, name=name, version="1.0", task=task)


def health(*conditions: str) -> HealthEvent:
    return HealthEvent(conditions=conditions, temperature=51.5)


def observation(number: int = 0, track: int = 1, mask_state: str = "mask") -> Observation:
    face = Face(np.zeros(4, np.float32), 0.9, np.zeros((5, 2), np.float32), mask_state)
    expression = Expression(np.full(len(LABELS), 1 / len(LABELS), np.float32))
    faces = (ObservedFace(face, expression, track),)
    return Observation(CAMERA, number, datetime.now(UTC), 0.01, 0.01, 0.001, faces)
