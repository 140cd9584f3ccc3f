"""What conversion measured of a model, kept as docs/results/parity-NAME.json."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from convert.flatbuffer import open_model
from convert.measuring import measure
from convert.partitions import partitions
from convert.variants import Variant
from edge.bench.machine import cpu_model
from edge.errors import DataError
from edge.runtime import runtime_version
from train_keras.occlusion.masked import Progress, quiet
from train_keras.results import commit

FOLDER = Path("docs/results")
Measured = Mapping[str, Mapping[str, float]]  # per kind of faces, "full" or "masked": what was measured


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class VariantRecord(_Strict):
    """One variant of a model.

    Attributes:
        measured: for `full` (bare) and `masked` faces: `accuracy`, `agreement` with Keras, both in per cent,
            and `largest_difference` of a probability; of a detector `recall` and `average_precision`.
        size_kib: of the flatbuffer.
        latency_ms, peak_memory_mb: `measuring.Cost`.
        input, output: types of the first tensor in and out.
        partitions: pieces that XNNPACK makes of it.
        outside: operators that XNNPACK leaves out, each name as often as it occurs.
    """

    variant: Variant
    measured: dict[str, dict[str, float]]
    size_kib: float
    latency_ms: float
    peak_memory_mb: float
    input: str
    output: str
    partitions: int
    outside: tuple[str, ...]


class ParityRecord(_Strict):
    """All variants of a model, measured on the same faces.

    Attributes:
        protocol: which faces, how many.
        reference: what Keras says of them, as in `VariantRecord.measured`; empty for a detector.
        kept_float: layers that int8 keeps float32.
        mirror: an answer is the mean over a face and its mirror image: two invokes of `latency_ms`.
        machine, runtime: where latency and memory were measured, on one thread.
    """

    schema_: Literal["mien.parity/1"] = Field("mien.parity/1", alias="schema")
    name: str
    task: Literal["expression", "detection"]
    protocol: str
    reference: dict[str, dict[str, float]]
    kept_float: tuple[str, ...] = ()
    mirror: bool = False
    variants: tuple[VariantRecord, ...]
    machine: str
    runtime: str
    command: str
    commit: str
    date: date


def record_parity(
    name: str,
    task: Literal["expression", "detection"],
    flatbuffers: Mapping[Variant, bytes],
    measured: Mapping[Variant, Measured],
    *,
    protocol: str,
    command: str,
    reference: Measured | None = None,
    kept_float: tuple[str, ...] = (),
    mirror: bool = False,
    progress: Progress = quiet,
) -> ParityRecord:
    """Measure what every variant costs, each in a fresh process, and put it beside what it says of faces."""
    models = progress(flatbuffers.items(), len(flatbuffers), "measuring time and memory")
    return ParityRecord(
        name=name,
        task=task,
        protocol=protocol,
        reference=_plain(reference or {}),
        kept_float=kept_float,
        mirror=mirror,
        variants=tuple(_record(variant, data, measured[variant]) for variant, data in models),
        machine=f"{cpu_model()}, {os.cpu_count()} cores",
        runtime=runtime_version(),
        command=command,
        commit=commit(),
        date=datetime.now(UTC).date(),
    )


def save_record(record: ParityRecord, folder: Path = FOLDER) -> Path:
    """Write parity-NAME.json, replacing an older one, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"parity-{record.name}.json"
    path.write_text(record.model_dump_json(indent=1, by_alias=True) + "\n")
    return path


def load_records(folder: Path = FOLDER) -> list[ParityRecord]:
    """All records of a folder, by name.

    Raises:
        DataError: a file is no such record.
    """
    records = []
    for path in sorted(folder.glob("parity-*.json")):
        try:
            records.append(ParityRecord.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}"
            raise DataError(f"{path}: {reason}: convert the model again or remove the file") from error
    return records


def _record(variant: Variant, flatbuffer: bytes, measured: Measured) -> VariantRecord:
    cost, split, model = measure(flatbuffer), partitions(flatbuffer), open_model(flatbuffer)
    return VariantRecord(
        variant=variant,
        measured=_plain(measured),
        size_kib=round(len(flatbuffer) / 1024, 1),
        latency_ms=cost.latency_ms,
        peak_memory_mb=cost.peak_memory_mb,
        input=model.get_input_details()[0]["dtype"].__name__,
        output=model.get_output_details()[0]["dtype"].__name__,
        partitions=split.count,
        outside=split.outside,
    )


def _plain(measured: Measured) -> dict[str, dict[str, float]]:
    return {
        kind: {name: round(float(v), 4) for name, v in values.items()} for kind, values in measured.items()
    }
