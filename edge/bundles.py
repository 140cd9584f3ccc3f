"""Model bundles: a folder with `model.tflite`, `manifest.json`, `golden.npz` and `MODEL_CARD.md`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import ModelCorruptError, ModelMissingError

SHIPPED = Path(__file__).parent / "models"
DEFAULT_MODEL = "slim_fine"
MEND = "install the model again"


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


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle on disk."""

    path: Path
    manifest: Manifest

    @property
    def model(self) -> Path:
        return self.path / "model.tflite"

    @property
    def golden(self) -> Path:
        return self.path / "golden.npz"


def find(name_or_path: str) -> Path:
    """The folder of a shipped model's name or of a path to a bundle.

    Raises:
        ModelMissingError: there is no such bundle; the message lists the shipped names.
    """
    for candidate in (Path(name_or_path), SHIPPED / name_or_path):
        if (candidate / "manifest.json").is_file():
            return candidate
    names = ", ".join(sorted(path.parent.name for path in SHIPPED.glob("*/manifest.json"))) or "none"
    raise ModelMissingError(f"no model '{name_or_path}': give a bundle's folder or one of: {names}")


def load(name_or_path: str) -> Bundle:
    """Read and verify a bundle.

    Raises:
        ModelMissingError: there is no such bundle.
        ModelCorruptError: the manifest is unreadable or a file does not match its sha256.
    """
    path = find(name_or_path)
    try:
        manifest = Manifest.model_validate(json.loads((path / "manifest.json").read_text()))
    except (ValueError, OSError) as error:  # ValidationError is a ValueError
        file = path / "manifest.json"
        raise ModelCorruptError(f"{file} is unreadable ({_first_line(error)}): {MEND}") from error
    for name, expected in manifest.sha256.items():
        file = path / name
        if not file.is_file():
            raise ModelCorruptError(f"{file} is missing: {MEND}")
        if sha256(file) != expected:
            raise ModelCorruptError(f"{file} is truncated or altered (its sha256 differs): {MEND}")
    return Bundle(path, manifest)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
