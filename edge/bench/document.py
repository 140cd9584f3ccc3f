"""What a run of `mien bench` says: one JSON object, `mien.bench/1`, as docs/schema/bench-1.json has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import FileUnreadableError, NotABenchmarkError

SCHEMA = "mien.bench/1"
Kind = Literal["classify", "detect", "pipeline"]
Command = Literal["bench", "classify", "detect", "pipeline", "sweep"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Latency(_Part):
    """Seconds, over all calls of the steady state."""

    p50: float
    p90: float
    p99: float
    max: float


class Timing(_Part):
    """The steady state."""

    calls: int = Field(ge=1)
    fps: float = Field(description="calls a second of the time spent in calls: what the machine can do")
    achieved_fps: float = Field(description="calls a second of the time that passed: what it did")
    latency_seconds: Latency
    samples_seconds: list[float] = Field(
        description="evenly chosen calls, in the order of time", min_length=1
    )


class Cold(_Part):
    """Before anything is warm."""

    load_seconds: float = Field(description="to read and verify the models and make them ready")
    first_call_seconds: float


class Reading(_Part):
    """The machine at one moment; null is unknown on this board."""

    at_seconds: float = Field(description="since the steady state began; negative before")
    temperature: float | None = Field(description="degrees Celsius, of the processor at its hottest place")
    clock_mhz: float | None = Field(description="of the fastest core")
    load: float | None = Field(description="the kernel's mean of the last minute")
    throttled: list[str] | None = Field(description="flags a Raspberry Pi's firmware sets at this moment")
    throttled_past: list[str] | None = Field(description="those it remembers since it started")
    fps: float | None = Field(description="calls a second since the reading before")


class Memory(_Part):
    """Bytes of this process that are resident, the measurement's own lists included; null where unknown."""

    before: int | None
    after: int | None
    peak: int


class Record(_Part):
    """What the machine did during the steady state; null is unknown."""

    seconds: float
    before: Reading
    during: list[Reading]
    after: Reading
    cpu_seconds: float | None = Field(description="of this process and its children")
    other_cpu: float | None = Field(description="share of all processors' time that other processes took")
    stolen_cpu: float | None = Field(description="share of all processors' time that a hypervisor took")
    energy_joules: dict[str, float] = Field(description="by meter of the board; empty where it has none")
    rss_bytes: Memory


class Model(_Part):
    """Which model."""

    name: str
    version: str | None
    sha256: str | None = Field(description="of the model's file")
    quantisation: str | None


class Pictures(_Part):
    """What was looked at."""

    camera: str
    paced: bool = Field(description="whether frames came at the camera's own pace, the newest winning")
    width: int
    height: int
    faces_per_frame: float


class Result(_Part):
    """One thing measured."""

    name: str = Field(description="the same in every run that measures the same thing")
    kind: Kind
    model: Model | None = None
    detector: Model | None = None
    longest_side: int | None = Field(None, description="of the detector's picture, in pixels")
    interval: int | Literal["auto"] | None = Field(
        None, description="frames between looks at the whole picture"
    )
    model_threads: int | None = None
    vision_threads: int
    pictures: Pictures | None = None
    cold: Cold
    timing: Timing
    stages_seconds: dict[str, Latency] = Field(description="of each call; docs/measuring.md names them")
    looks: dict[str, float] = Field({}, description="share of frames by how their faces were found")
    overtaken: int | None = Field(
        None, description="frames replaced by newer ones, since the camera was opened"
    )
    agreement: float | None = Field(
        None, description="share of frames with the faces a look in every frame finds"
    )
    record: Record
    short: bool = Field(description="below 60 seconds or 1,024 calls")
    clean: bool
    reasons: list[str] = Field(description="why it is not clean")
    unknown: list[str] = Field(description="what this board does not tell, so that it cannot be judged by it")


class Machine(_Part):
    """What was measured; null is unknown."""

    board: str | None
    cpu: str
    architecture: str
    cores: int
    usable_cores: int = Field(description="that this process may run on")
    clock_max_mhz: float | None
    governor: str | None
    memory_bytes: int | None
    kernel: str


class Start(_Part):
    """Medians in seconds from the start of the interpreter, and the daemon's peak memory in bytes."""

    import_seconds: float
    first_observation_seconds: float
    daemon_rss_bytes: int


class Document(_Part):
    """A run of `mien bench`."""

    schema_: Literal["mien.bench/1"] = Field(alias="schema")
    command: Command
    time: str = Field(description="of the start, ISO 8601 UTC")
    machine: Machine
    versions: dict[str, str]
    load_before: float | None = Field(description="the kernel's mean of the minute before the start")
    start: Start | None
    results: list[Result] = Field(min_length=1)
    clean: bool = Field(description="whether every result is")
    reasons: list[str]

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def read_document(path: Path) -> Document:
    """The results in a file that `mien bench --json` wrote.

    Raises:
        FileUnreadableError: there is no such file, or it cannot be read.
        NotABenchmarkError: it holds something else, or results of another version of mien.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileUnreadableError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError) as error:
        raise NotABenchmarkError(f"{path} is not JSON: give a file that mien bench --json wrote") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, str) or not schema.startswith("mien.bench/"):
        raise NotABenchmarkError(f"{path} holds no results of mien bench: give a file that --json wrote")
    if schema != SCHEMA:
        raise NotABenchmarkError(f"{path} is {schema!r}, but this mien reads {SCHEMA}: measure again")
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise NotABenchmarkError(f"{path} is damaged at {where}: measure again") from error


def json_schema() -> dict[str, Any]:
    """JSON Schema of a run."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        **Document.model_json_schema(by_alias=True, mode="serialization"),
    }
