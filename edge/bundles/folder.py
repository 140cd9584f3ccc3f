"""Bundles as folders: found by name, read and verified."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from edge.bundles.manifest import DetectionManifest, Manifest, Task
from edge.errors import ConfigError, ModelCorruptError, ModelMissingError
from edge.labels import LABELS, MASK_STATES

SHIPPED = Path(__file__).parents[1] / "models"
DEFAULT_MODEL = "slim_fine"
DEFAULT_DETECTOR = "facet"
MEND = "install the model again"
# A bundle's files beside its manifest.
CONTENTS = ("model.tflite", "golden.npz", "MODEL_CARD.md")
# How a message calls a task's model, and where a bundle of that task is asked for.
_MODEL: dict[Task, str] = {"expression": "expression model", "detection": "face detector"}
_GIVE: dict[Task, str] = {
    "expression": "give it with --model",
    "detection": "give it with --detector facet:FOLDER",
}


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
        ModelCorruptError: the manifest is unreadable, does not fit this mien, or a file does not match its
            sha256.
        ConfigError: it is a face detector's.
    """
    path = find(name_or_path)
    file = path / "manifest.json"
    manifest = _parse(Manifest, file, "expression")
    _check_labels(file, manifest.labels, LABELS)
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
    _check_labels(file, manifest.labels, MASK_STATES)
    _verify(path, manifest.sha256)
    return DetectionBundle(path, manifest)


def load_either(folder: Path) -> Bundle | DetectionBundle:
    """Read and verify a bundle of whichever task.

    Raises:
        ModelMissingError: the folder holds no bundle.
        ModelCorruptError: as `load` and `load_detection`.
    """
    if not (folder / "manifest.json").is_file():
        raise ModelMissingError(f"{folder} is no bundle: it has no manifest.json")
    if _read(folder / "manifest.json").get("task") == "detection":
        return load_detection(str(folder))
    return load(str(folder))


def verify(folder: Path) -> Bundle | DetectionBundle:
    """Read and verify a whole bundle of whichever task, as it is packed, installed and admitted.

    `load` and `load_detection` do with what a manifest lists; here it has to list all the files.

    Raises:
        ModelMissingError: the folder holds no bundle.
        ModelCorruptError: as `load` and `load_detection`, or a file is not listed.
    """
    bundle = load_either(folder)
    missing = [name for name in CONTENTS if name not in bundle.manifest.sha256]
    if missing:
        raise ModelCorruptError(f"{folder / 'manifest.json'} has no sha256 of {missing[0]}: {MEND}")
    return bundle


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
        # A key of the file itself may stand in there, with whatever it holds.
        reason = ascii(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")[1:-1][:200]
        raise ModelCorruptError(f"{file} is unreadable ({reason}): {MEND}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (ValueError, OSError, RecursionError) as error:
        raise ModelCorruptError(f"{file} is unreadable ({str(error).splitlines()[0]}): {MEND}") from error
    if not isinstance(content, dict):
        raise ModelCorruptError(f"{file} is unreadable (it holds no object): {MEND}")
    return content


def _check_labels(file: Path, found: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if found != expected:
        raise ModelCorruptError(f"{file}: labels are {str(found)[:200]}, not {expected}: {MEND}")


def _verify(path: Path, checksums: dict[str, str]) -> None:
    for name, expected in checksums.items():
        if name not in CONTENTS:  # may be a path to anywhere
            raise ModelCorruptError(f"{path / 'manifest.json'} lists {ascii(name)[:60]}: {MEND}")
        file = path / name
        if not file.is_file():
            raise ModelCorruptError(f"{file} is missing: {MEND}")
        if sha256(file) != expected:
            raise ModelCorruptError(f"{file} is truncated or altered (its sha256 differs): {MEND}")
