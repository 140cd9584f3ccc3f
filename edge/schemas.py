"""JSON Schema of events, the doctor's report and a device's, for docs/schema, the API and the tests."""

from __future__ import annotations

import typing
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from edge.events import EVENTS
from edge.fleet.report import Report
from edge.labels import COARSE, LABELS, MASK_STATES
from edge.types import LOOKS, SCHEMA

Probability = typing.Annotated[float, Field(ge=0, le=1)]
_STRICT = ConfigDict(extra="forbid")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCTOR, DEVICE = "mien.doctor/1", "mien.device/1"


class Latency(BaseModel):
    """Seconds; detect and classify are parts of capture_to_event."""

    model_config = _STRICT
    capture_to_event: float
    detect: float
    classify: float


class SeenFace(BaseModel):
    """A face of an observation."""

    model_config = _STRICT
    track: int | None
    box: tuple[float, float, float, float]
    score: Probability
    landmarks: list[tuple[float, float]] | None = Field(min_length=5, max_length=5)
    mask_state: Literal[MASK_STATES] | None  # type: ignore[valid-type]
    label: Literal[LABELS]  # type: ignore[valid-type]
    probabilities: create_model(  # type: ignore[valid-type]
        "Probabilities", __config__=_STRICT, **dict.fromkeys(LABELS, (Probability, ...))
    )
    coarse: create_model(  # type: ignore[valid-type]
        "Coarse",
        __config__=_STRICT,
        **{name.replace("-", "_"): (Probability, Field(alias=name)) for name in COARSE},
    )
    abstained: bool


class SeenFrame(BaseModel):
    """Everything one processed frame said."""

    model_config = _STRICT
    schema_: Literal[SCHEMA] = Field(alias="schema")  # type: ignore[valid-type]
    camera: str
    frame: int = Field(ge=0)
    time: str
    latency_seconds: Latency
    look: Literal[LOOKS]  # type: ignore[valid-type]
    model: str | None
    faces: list[SeenFace]


class CheckedPart(BaseModel):
    """One thing that was looked at; `mend` is empty where there is nothing to do."""

    model_config = _STRICT
    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    mend: str


class DoctorReport(BaseModel):
    """What `mien doctor --json` prints; a check that failed is one that stops the main job."""

    model_config = _STRICT
    schema_: Literal[DOCTOR] = Field(alias="schema")  # type: ignore[valid-type]
    versions: dict[str, str] = Field(description="by name; Python, mien, and the packages it needs")
    checks: list[CheckedPart]


def published_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of everything that has one: events, the doctor's report, and a device's by MQTT."""
    reports: dict[str, type[BaseModel]] = {DOCTOR: DoctorReport, DEVICE: Report}
    return event_schemas() | {
        name: {"$schema": DIALECT, "$id": name, **report.model_json_schema(by_alias=True)}
        for name, report in reports.items()
    }


def event_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema by the name that stands in an event's `schema`."""
    schemas = {SCHEMA: SeenFrame.model_json_schema(by_alias=True)}
    for kind in EVENTS:
        schema = kind.model_json_schema()
        stamp = {"const": kind.SCHEMA, "type": "string"}
        schema["properties"] = {"schema": stamp, **schema["properties"]}
        schema["required"] = sorted(schema["properties"])  # every key is always there
        schema["description"] = str(schema["description"]).partition("\n")[0]
        schemas[kind.SCHEMA] = schema
    return {name: {"$schema": DIALECT, "$id": name, **schema} for name, schema in schemas.items()}


def file_name(schema: str) -> str:
    """Where a schema stands in docs/schema.

    >>> file_name("mien.person/1")
    'person-1.json'
    """
    return schema.removeprefix("mien.").replace("/", "-") + ".json"
