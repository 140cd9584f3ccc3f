"""A model's answers on a set of faces, kept on disk: what comparisons and the report are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import DataError
from edge.types import Floats
from train_keras.data.faces import Rows, read_arrays, require
from train_keras.measures import SCHEMES, Scheme, merge, scheme_of

FOLDER = Path("docs/results/predictions")
_NAME = re.compile(r"(?P<model>[a-z0-9][a-z0-9_.-]*)-(?P<set>[a-z0-9_.]+)-(?P<occlusion>[a-z0-9_.]+)")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Answers of one model on one set under one kind of occlusion.

    Attributes:
        model: its name; only this part of the file's name may hold a dash.
        set: the data set's name.
        occlusion: what covers the faces; "full" for bare ones.
        rows: int64 [N], the row of each face in the published file, each once.
        probabilities: float32 [N, C], C one of 7, 5, 3 (`train_keras.measures.SCHEMES`).
        classes: int64 [N], the true labels.
    Raises:
        ValueError: names or arrays that are none of these.
    """

    model: str
    set: str
    occlusion: str
    rows: Rows
    probabilities: Floats
    classes: Rows

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or "-" in self.set + self.occlusion:
            raise ValueError(
                f"'{self.name}' is no MODEL-SET-OCCLUSION in lower case, SET and OCCLUSION without dashes"
            )
        count = len(self.probabilities)
        scheme = scheme_of(self.probabilities)
        if not count or self.rows.shape != (count,) or self.classes.shape != (count,):
            raise ValueError(
                f"{self.name}: {len(self.rows)} rows, {count} answers, {len(self.classes)} labels: "
                "expected as many of each, and some"
            )
        if len(np.unique(self.rows)) != count:
            raise ValueError(f"{self.name}: a row occurs twice; each face has one answer")
        if self.classes.min() < 0 or self.classes.max() >= len(SCHEMES[scheme]):
            raise ValueError(f"{self.name}: label {self.classes.max()} in {scheme}-way answers")
        sums = self.probabilities.sum(1)
        if not np.isfinite(sums).all() or self.probabilities.min() < 0 or np.abs(sums - 1).max() > 0.02:
            raise ValueError(f"{self.name}: probabilities do not sum to 1 for every face")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def name(self) -> str:
        return f"{self.model}-{self.set}-{self.occlusion}"

    @property
    def scheme(self) -> Scheme:
        return scheme_of(self.probabilities)

    def merged(self, scheme: Scheme) -> Predictions:
        """The same answers in fewer classes; see `train_keras.measures.merge`."""
        probabilities, classes = merge(self.probabilities, self.classes, scheme)
        return Predictions(self.model, self.set, self.occlusion, self.rows, probabilities, classes)


def keep(predictions: Predictions, folder: Path = FOLDER) -> Predictions:
    """Save them in half precision, small enough for a repository, and return them as kept: what is measured
    is what whoever reads the file measures again."""
    return load(save(predictions, folder, np.float16))


def save(predictions: Predictions, folder: Path, precision: type[np.floating[Any]] = np.float32) -> Path:
    """Write `MODEL-SET-OCCLUSION.npz`, in the order of the rows, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.argsort(predictions.rows)
    path = folder / f"{predictions.name}.npz"
    np.savez_compressed(
        path,
        rows=predictions.rows[order].astype(np.int64),
        probabilities=predictions.probabilities[order].astype(precision),
        classes=predictions.classes[order].astype(np.int64),
    )
    return path


def load(path: Path) -> Predictions:
    """Read one file.

    Raises:
        DataError: it is missing, damaged, misnamed, or its arrays do not fit each other.
    """
    require(path, f"a file of answers, as `mien evaluate` leaves it in {FOLDER}")
    parts = _NAME.fullmatch(path.stem)
    if path.suffix != ".npz" or not parts:
        raise DataError(f"{path} is no MODEL-SET-OCCLUSION.npz in lower case: rename it")
    rows, probabilities, classes = read_arrays(path, "rows", "probabilities", "classes")
    try:
        return Predictions(
            parts["model"],
            parts["set"],
            parts["occlusion"],
            rows.astype(np.int64),
            probabilities.astype(np.float32),
            classes.astype(np.int64),
        )
    except (ValueError, IndexError, TypeError) as error:
        raise DataError(f"{path}: {error}: evaluate the model again") from error


def load_all(folder: Path = FOLDER) -> list[Predictions]:
    """All files of a folder by name; an empty list where there is no folder."""
    return [load(path) for path in sorted(folder.glob("*.npz"))]


def require_same_faces(first: Predictions, second: Predictions) -> None:
    """Refuse to compare answers to different questions.

    Raises:
        DataError: set, occlusion, rows or labels differ.
    """
    pair = f"{first.name} and {second.name}"
    if (first.set, first.occlusion) != (second.set, second.occlusion):
        raise DataError(f"{pair} are about different pictures: compare models on one set and occlusion")
    if not np.array_equal(first.rows, second.rows):
        common = len(np.intersect1d(first.rows, second.rows))
        raise DataError(
            f"{pair} answer for different faces ({len(first)} and {len(second)} rows, {common} in common): "
            "evaluate both again"
        )
    if first.scheme != second.scheme:
        raise DataError(f"{pair} have {first.scheme} and {second.scheme} labels: merge one of them first")
    if not np.array_equal(first.classes, second.classes):
        raise DataError(f"{pair} were given different labels: evaluate both on the same version of the set")
