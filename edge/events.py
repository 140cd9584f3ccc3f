"""What mien tells its neighbours: one small frozen class for each kind of event.

An observation (`edge/types.py`) is made for every processed frame; the events here are made when something
changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from edge.bundles import Task
from edge.types import Observation

ModelPhase = Literal["loaded", "refused", "rolled_back"]
CameraPhase = Literal["opening", "streaming", "stalled", "lost", "paused", "ended"]


class Event(Protocol):
    """Anything that goes over the bus."""

    @property
    def camera(self) -> str | None:
        """The camera it is about; None where it is about mien as a whole."""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in every output: JSON types only."""


class _Event(BaseModel):
    """Serialised with its schema's name first and its time as ISO 8601 UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    SCHEMA: ClassVar[str]

    camera: str | None = None
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @model_serializer(mode="wrap")
    def _with_schema(self, serialise: Any) -> dict[str, Any]:
        fields: Mapping[str, Any] = serialise(self)
        stamp = self.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"schema": self.SCHEMA, **fields, "time": stamp}


class PersonEvent(_Event):
    """Somebody came into view, or left it.

    Attributes:
        track: the person's number.
        seconds: for how long somebody who left had been seen.
    """

    SCHEMA = "mien.person/1"
    event: Literal["appeared", "left"]
    track: int
    seconds: float | None = None


class ExpressionEvent(_Event):
    """A person's expression changed, and stayed so long enough to be told.

    Attributes:
        label, previous: of the seven; None while the model abstains.
        coarse: of the five; None while the model abstains.
        probability: of the label, or of the strongest one while the model abstains.
        seconds: how long the previous expression lasted.
    """

    SCHEMA = "mien.expression/1"
    track: int
    label: str | None
    previous: str | None
    coarse: str | None
    probability: float
    mask_state: str | None
    seconds: float


class CameraEvent(_Event):
    """A camera's state.

    Attributes:
        state: opening; streaming: frames come; stalled: none came for a while; lost: it cannot be opened;
            paused: by command; ended: a recording is over.
        reason: what is wrong and what to do, for people.
        attempt: number of the try to open it since frames last came.
        retry_seconds: until the next try.
    """

    SCHEMA = "mien.camera/1"
    camera: str
    state: CameraPhase
    reason: str | None = None
    attempt: int = 0
    retry_seconds: float | None = None


class ModelEvent(_Event):
    """What became of a model.

    Attributes:
        state: loaded: it is in use; refused: it cannot be used, and the old one goes on; rolled_back: it was
            in use and did not prove itself, and the one before is in use again.
        reason: why it is not in use, for people.
        task: expression: it reads faces; detection: it finds them.
    """

    SCHEMA = "mien.model/1"
    state: ModelPhase
    name: str
    version: str | None = None
    quantisation: str | None = None
    reason: str | None = None
    task: Task = "expression"


class HealthEvent(_Event):
    """The machine's condition, when it changed.

    Attributes:
        level: steps taken to get along with less; 0 is none.
        steps: those steps, in words.
        conditions: what is wrong: throttled, under-voltage, hot, low memory, low disk, and the same with
            " (past)" for what the board remembers since its start.
        temperature: of the processor, degrees Celsius.
    """

    SCHEMA = "mien.health/1"
    level: int = 0
    steps: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    temperature: float | None = None


EVENTS: tuple[type[_Event], ...] = (PersonEvent, ExpressionEvent, CameraEvent, ModelEvent, HealthEvent)


class Message:
    """An event on its way to the outputs; its JSON is made once, by the first output that wants it."""

    __slots__ = ("_json", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """One line without its end."""
        if self._json is None:
            self._json = json.dumps(self.event.to_dict(), separators=(",", ":")).encode()
        return self._json

    @property
    def observation(self) -> Observation | None:
        """The event, where it is an observation."""
        return self.event if isinstance(self.event, Observation) else None
