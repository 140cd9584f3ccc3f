"""The results store: one JSON file a measurement in docs/results/, from which the report is made."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from edge.errors import DataError
from train_keras.evaluation import score
from train_keras.measures import SCHEMES, Scheme, bootstrap, calibration, roc, wilson
from train_keras.predictions import Predictions

STORE = Path("docs/results")
# What `mien convert` and the benchmarks keep there, with more in a file than one measurement.
OTHERS = ("parity-", "conditions-", "fleet-", "table2", "peers", "students")
KEY = r"^[a-z0-9][a-z0-9_.-]*$"

Share = Annotated[float, Field(ge=0, le=1)]
Key = Annotated[str, Field(pattern=KEY)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    key: Key
    model: Key
    command: str = Field(min_length=1)
    commit: str = Field(min_length=1)
    date: date


class Measurement(_Record):
    """Scores of one model on one set; shares, not per cent.

    Attributes:
        key: MODEL-SET-OCCLUSION-LABELS, also the file's name.
        model: its name; beginning of the key.
        set, occlusion: as in `train_keras.predictions.Predictions`.
        labels: seven, five or three; fewer than the model's own means summed probabilities.
        faces: how many.
        precision, recall, f1: macro-averaged over all labels.
        auc: one-vs-rest, macro-averaged over the labels that occur; None where none has a curve.
        ece: expected calibration error, 15 equal-width bins.
        interval: 95 % of the accuracy, low and high.
        confusion: [C][C] faces, truth down, answer across.
        command, commit, date: what wrote this.
        weights_sha256: of the weights' file.
    """

    kind: Literal["scores"] = "scores"
    set: str = Field(min_length=1)
    labels: Scheme
    occlusion: str = Field(min_length=1)
    faces: int = Field(ge=1)
    accuracy: Share
    precision: Share
    recall: Share
    f1: Share
    auc: Share | None
    ece: Share
    interval: tuple[Share, Share]
    confusion: list[list[Annotated[int, Field(ge=0)]]] | None = None
    weights_sha256: Sha256

    @model_validator(mode="after")
    def _fits(self) -> Measurement:
        expected = key_of(self.model, self.set, self.occlusion, self.labels)
        if self.key != expected:
            raise ValueError(f"key is '{self.key}': expected '{expected}'")
        low, high = self.interval
        if not low <= self.accuracy <= high:
            raise ValueError(f"interval {low} to {high} does not hold the accuracy {self.accuracy}")
        if self.confusion is not None:
            classes = len(SCHEMES[self.labels])
            if len(self.confusion) != classes or any(len(row) != classes for row in self.confusion):
                raise ValueError(f"confusion is not {classes} x {classes}")
            if sum(map(sum, self.confusion)) != self.faces:
                raise ValueError(f"confusion counts {sum(map(sum, self.confusion))} faces, not {self.faces}")
        return self


class Figure(_Record):
    """Any other measured number: frames a second, milliseconds, parameters.

    Attributes:
        key: free; also the file's name.
        value: in `unit`.
        machine: what it was measured on; empty where that does not matter.
    """

    kind: Literal["figure"]
    value: float
    unit: str = Field(min_length=1)
    machine: str = ""


AnyRecord = Measurement | Figure
_ADAPTER: TypeAdapter[AnyRecord] = TypeAdapter(Annotated[AnyRecord, Field(discriminator="kind")])


def key_of(model: str, set_name: str, occlusion: str, labels: Scheme) -> str:
    return f"{model}-{set_name}-{occlusion}-{labels}"


def measure(
    predictions: Predictions,
    *,
    command: str,
    commit: str,
    weights_sha256: str,
    identities: npt.NDArray[np.str_] | None = None,
) -> Measurement:
    """Everything the store keeps about answers; `predictions.merged` first for fewer labels.

    Args:
        command: what a reader types to get them again.
        commit: of the checkout.
        weights_sha256: 64 hexadecimal digits.
        identities: str [N], who is seen; then the interval draws people (bootstrap), else it is Wilson's.
    """
    probabilities, classes = predictions.probabilities, predictions.classes
    labels = predictions.scheme
    scores = score(probabilities, classes, SCHEMES[labels])
    correct = probabilities.argmax(1) == classes
    interval = (
        wilson(int(correct.sum()), len(correct)) if identities is None else bootstrap(correct, identities)
    )
    auc = roc(probabilities, classes).macro
    return Measurement(
        key=key_of(predictions.model, predictions.set, predictions.occlusion, labels),
        model=predictions.model,
        set=predictions.set,
        labels=labels,
        occlusion=predictions.occlusion,
        faces=len(correct),
        accuracy=scores.accuracy,
        precision=scores.precision,
        recall=scores.recall,
        f1=scores.f1,
        auc=auc if math.isfinite(auc) else None,
        ece=calibration(probabilities, classes).error,
        interval=interval,
        confusion=scores.confusion.tolist(),
        command=command,
        commit=commit,
        date=datetime.now(UTC).date(),
        weights_sha256=weights_sha256,
    )


def save(record: AnyRecord, folder: Path = STORE) -> Path:
    """Write KEY.json, replacing an older one, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.key}.json"
    part = path.with_suffix(".part")
    part.write_text(record.model_dump_json(indent=1) + "\n")
    part.replace(path)
    return path


def load(path: Path) -> AnyRecord:
    """Read one file.

    Raises:
        DataError: it is no JSON, no record, or not named after its key.
    """
    try:
        record = _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise DataError(f"{path}: {_first(error)}: measure it again or remove it") from error
    if path.stem != record.key:
        raise DataError(f"{path} holds the key '{record.key}': rename it to {record.key}.json")
    return record


def load_store(folder: Path = STORE) -> dict[str, AnyRecord]:
    """All records of a folder by key; files of other kinds, `OTHERS`, are left alone.

    Raises:
        DataError: there is no such folder, or one of its files is damaged.
    """
    if not folder.is_dir():
        raise DataError(f"no results in {folder}: `mien evaluate` and `mien crossval` write them there")
    files = (path for path in sorted(folder.glob("*.json")) if not path.name.startswith(OTHERS))
    return {record.key: record for record in map(load, files)}


def _first(error: ValidationError) -> str:
    first: Any = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("scores", "figure"))
    return f"{where}: {first['msg']}" if where else str(first["msg"])
