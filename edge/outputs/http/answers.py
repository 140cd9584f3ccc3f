"""What the API takes and answers, as models: requests are checked by them, answers described."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from edge.events import CameraPhase

COMPONENTS = "#/components/schemas/"
_STRICT = ConfigDict(extra="forbid")


def event(name: str) -> dict[str, Any]:
    """A reference to an event's schema.

    >>> event("mien.model/1")
    {'$ref': '#/components/schemas/mien.model.1'}
    """
    return {"$ref": COMPONENTS + name.replace("/", ".")}


Observation = Annotated[dict[str, Any], WithJsonSchema(event("mien.observation/1"))]
Model = Annotated[dict[str, Any], WithJsonSchema(event("mien.model/1"))]
Health = Annotated[dict[str, Any], WithJsonSchema(event("mien.health/1"))]


class Pause(BaseModel):
    """Stop looking, or go on."""

    model_config = _STRICT
    paused: bool
    camera: str | None = Field(None, description="null: all")


class Switch(BaseModel):
    """Use another model."""

    model_config = _STRICT
    name: str = Field(max_length=255)


class Accepted(BaseModel):
    """It will be done; what became of it is an event."""

    model_config = _STRICT
    accepted: Literal[True]


class Error(BaseModel):
    """What is wrong and what to do."""

    model_config = _STRICT
    error: str


class Alive(BaseModel):
    """The process lives."""

    model_config = _STRICT
    status: Literal["ok"]


class Ready(BaseModel):
    """Whether every camera streams or has ended, and what keeps the others."""

    model_config = _STRICT
    ready: bool
    reasons: dict[str, str] = Field(description="by camera")


class Latency(BaseModel):
    """Seconds from capture to event, of the last 120 observations; null before the first."""

    model_config = _STRICT
    p50: float | None
    p90: float | None


class Camera(BaseModel):
    """A camera as it is now."""

    model_config = _STRICT
    name: str
    state: Literal[get_args(CameraPhase)]  # type: ignore[valid-type]
    since: str | None = Field(description="time of its newest event")
    reason: str | None
    attempt: int
    retry_seconds: float | None
    frame_size: tuple[int, int] | None = Field(description="width and height in pixels")
    frames: int = Field(description="processed")
    overtaken: int = Field(description="replaced by newer ones before anybody looked at them")
    unreadable: int
    fps: float = Field(description="observations a second")
    latency_seconds: Latency


class CameraSeen(Camera):
    """A camera as it is now, and what it saw last."""

    observation: Observation | None


class Cameras(BaseModel):
    """Every camera."""

    model_config = _STRICT
    cameras: list[Camera]


class State(BaseModel):
    """Everything."""

    model_config = _STRICT
    version: str
    uptime_seconds: float
    preview: bool = Field(description="whether pictures may be asked for")
    cameras: list[CameraSeen]
    model: Model | None = Field(description="the one in use")
    detector: Model | None = Field(description="the face detector in use, where it is facet")
    refused: Model | None = Field(description="one that was refused or rolled back since")
    models: list[str] = Field(description="names that may be switched to")
    health: Health | None
    temperature_celsius: float | None
    clients: int = Field(description="that listen to events here")
    events_lost: dict[str, int] = Field(description="by output")
    access: Literal["read", "control"] = Field(description="what whoever asked may do")
    login: bool = Field(description="whether another token would allow more")
    logout: bool = Field(description="whether it is a token that allows as much")


class Models(BaseModel):
    """Expression models."""

    model_config = _STRICT
    models: list[str] = Field(description="names that may be switched to")
    loaded: str | None
