"""Model bundles: a folder with `model.tflite`, `manifest.json`, `golden.npz` and `MODEL_CARD.md`.

A bundle's task is "expression" (read with `load`) or "detection" (read with `load_detection`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from edge.errors import ConfigError, ModelCorruptError, ModelMissingError
from edge.labels import MASK_STATES

SHIPPED = Path(__file__).parent / "models"
DEFAULT_MODEL = "slim_fine"
DEFAULT_DETECTOR = "facet"
MEND = "install the model again"
Task = Literal["expression", "detection"]
# How a message calls a task's model, and where a bundle of that task is asked for.
_MODEL: dict[Task, str] = {"expression": "expression model", "detection": "face detector"}
_GIVE: dict[Task, str] = {
    "expression": "give it with --model",
    "detection": "give it with --detector facet:FOLDER",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """uint8 [size, size, channels] in; `scale` and `offset` say what the training saw: x * scale + offset."""

    size: int
    channels: Literal[1, 3]
    scale: float
    offset: float


class CropSpec(_Strict):
    """`alignment.CropGeometry` as the model was trained with; landmarks as fractions of the crop's side."""

    template: tuple[tuple[float, float], ...]


class Calibration(_Strict):
    """Temperature folded into the model's last layer, and the coarse probability below which it abstains."""

    temperature: float
    abstain_below: float


class Manifest(_Strict):
    """What a bundle says of itself."""

    name: str
    version: str
    task: Literal["expression"]
    labels: tuple[str, ...]
    input: InputSpec
    crop: CropSpec
    calibration: Calibration
    quantisation: Literal["float32", "float16", "dynamic", "int8"]
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    minimum_runtime: str
    sha256: dict[str, str]


class PictureSpec(_Strict):
    """uint8 [height, width, 3] BGR in, or any multiples of the largest stride; x * scale + offset is what the
    training saw."""

    width: int
    height: int
    channels: Literal[3]
    scale: float
    offset: float


class DetectionManifest(_Strict):
    """What a face detector's bundle says of itself.

    Attributes:
        labels: the mask states, in the order of the model's channels; `labels.MASK_STATES`.
        strides: of the model's maps, in pixels of its input.
        threshold: least score of a face.
    """

    name: str
    version: str
    task: Literal["detection"]
    labels: tuple[str, ...]
    input: PictureSpec
    strides: tuple[PositiveInt, ...] = Field(min_length=1)
    threshold: float = Field(gt=0, lt=1)
    quantisation: Literal["float32", "float16", "dynamic", "int8"]
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    minimum_runtime: str
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Files:
    path: Path

    @property
    def model(self) -> Path:
        return self.path / "model.tflite"

    @property
    def golden(self) -> Path:
        return self.path / "golden.npz"


@dataclass(frozen=True, slots=True)
class Bundle(_Files):
    """A verified expression model on disk."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class DetectionBundle(_Files):
    """A verified face detector on disk."""

    manifest: DetectionManifest


M = TypeVar("M", Manifest, DetectionManifest)


def find(name_or_path: str, task: Task = "expression") -> Path:
    """The folder of a shipped model's name or of a path to a bundle.

    Raises:
        ModelMissingError: there is no such bundle; the message lists the names that ship for the task.
    """
    for candidate in (Path(name_or_path), SHIPPED / name_or_path):
        if (candidate / "manifest.json").is_file():
            return candidate
    names = ", ".join(shipped(task)) or "none"
    raise ModelMissingError(f"no {_MODEL[task]} '{name_or_path}': give a bundle's folder or one of: {names}")


def shipped(task: Task) -> list[str]:
    """Names of the models that ship for a task."""
    names = []
    for file in sorted(SHIPPED.glob("*/manifest.json")):
        with contextlib.suppress(ModelCorruptError):
            names += [file.parent.name] if _read(file).get("task") == task else []
    return names


def load(name_or_path: str) -> Bundle:
    """Read and verify an expression model's bundle.

    Raises:
        ModelMissingError: there is no such bundle.
        ModelCorruptError: the manifest is unreadable or a file does not match its sha256.
        ConfigError: it is a face detector's.
    """
    path = find(name_or_path)
    manifest = _parse(Manifest, path / "manifest.json", "expression")
    _verify(path, manifest.sha256)
    return Bundle(path, manifest)


def load_detection(name_or_path: str = DEFAULT_DETECTOR) -> DetectionBundle:
    """Read and verify a face detector's bundle.

    Raises:
        ModelMissingError: there is no such bundle.
        ModelCorruptError: the manifest is unreadable, does not fit this mien, or a file does not match its
            sha256.
        ConfigError: it is an expression model's.
    """
    path = find(name_or_path, "detection")
    file = path / "manifest.json"
    manifest = _parse(DetectionManifest, file, "detection")
    if manifest.labels != MASK_STATES:
        raise ModelCorruptError(f"{file}: labels are {manifest.labels}, not {MASK_STATES}: {MEND}")
    _verify(path, manifest.sha256)
    return DetectionBundle(path, manifest)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _parse(kind: type[M], file: Path, task: Task) -> M:
    content = _read(file)
    other: Task = "detection" if task == "expression" else "expression"
    if content.get("task") == other:
        raise ConfigError(
            f"'{file.parent.name}' is no {_MODEL[task]} but holds the task {other}: {_GIVE[other]}"
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ModelCorruptError(f"{file} is unreadable ({reason}): {MEND}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (ValueError, OSError) as error:
        raise ModelCorruptError(f"{file} is unreadable ({str(error).splitlines()[0]}): {MEND}") from error
    if not isinstance(content, dict):
        raise ModelCorruptError(f"{file} is unreadable (it holds no object): {MEND}")
    return content


def _verify(path: Path, checksums: dict[str, str]) -> None:
    for name, expected in checksums.items():
        file = path / name
        if not file.is_file():
            raise ModelCorruptError(f"{file} is missing: {MEND}")
        if sha256(file) != expected:
            raise ModelCorruptError(f"{file} is truncated or altered (its sha256 differs): {MEND}")
