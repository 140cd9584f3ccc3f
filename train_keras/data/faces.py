"""A set of labelled face crops, however it was published."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Floats, Image

Rows = npt.NDArray[np.int64]


class Split(IntEnum):
    TRAINING = 0
    PUBLIC_TEST = 1
    PRIVATE_TEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Face crops and what people said of them.

    Attributes:
        images: uint8 [N, S, S] grey.
        targets: float32 [N, len(labels)], a distribution over `labels`.
        splits: int8 [N], values of `Split`.
        rows: int64 [N], the row of each face in the published file; masks are seeded by it.
        labels: names of the classes, in the order of the targets.
        identities: str [N], who is seen; None where the set does not tell.
    """

    images: Image
    targets: Floats
    splits: npt.NDArray[np.int8]
    rows: Rows
    labels: tuple[str, ...] = LABELS
    identities: npt.NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | Rows | slice) -> Faces:
        return replace(
            self,
            images=self.images[chosen],
            targets=self.targets[chosen],
            splits=self.splits[chosen],
            rows=self.rows[chosen],
            identities=None if self.identities is None else self.identities[chosen],
        )

    def split(self, split: Split) -> Faces:
        return self[self.splits == split]

    @property
    def classes(self) -> Rows:
        """The majority label of each face, int64 [N]."""
        return self.targets.argmax(1)

    def without_copies_of(self, others: Faces) -> Faces:
        """Leave out faces that are pixel-identical to one of `others`."""
        seen = {image.tobytes() for image in others.images}
        return self[np.array([image.tobytes() not in seen for image in self.images], bool)]

    def without_leaks(self) -> Faces:
        """Leave out training faces that are pixel-identical to a test face."""
        training = self.splits == Split.TRAINING
        unseen = self[training].without_copies_of(self[~training])
        return self[~training | np.isin(self.rows, unseen.rows)]


def joined(parts: Sequence[Faces]) -> Faces:
    """Several sets with the same labels, one after the other; nobody is named where one does not name all."""
    if len(parts) == 1:
        return parts[0]
    names = [part.identities for part in parts]
    known = [each for each in names if each is not None]
    return Faces(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.splits for part in parts]),
        np.concatenate([part.rows for part in parts]),
        parts[0].labels,
        np.concatenate(known) if len(known) == len(names) else None,
    )


def require(path: Path, layout: str) -> Path:
    """The path, or a DataError that names what is missing and what was expected."""
    if not path.exists():
        raise DataError(f"{path} is missing: expected {layout}")
    return path


def read_arrays(path: Path, *names: str) -> list[npt.NDArray[Any]]:
    """Arrays of an npz file.

    Raises:
        DataError: it is damaged, no npz, or lacks one of them.
    """
    with _opened(path, f"the arrays {', '.join(names)}") as file:
        return [file[name] for name in names]


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an npz file.

    Raises:
        DataError: it is damaged or no npz.
    """
    with _opened(path, "arrays") as file:
        return list(file.files)


@contextmanager
def _opened(path: Path, wanted: str) -> Iterator[Any]:
    try:
        with np.load(path) as file:
            yield file
    # A file cut short or overwritten fails in numpy, zipfile or zlib, wherever the damage shows first.
    except (
        KeyError, ValueError, TypeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise DataError(f"{path} is damaged ({error}): expected an npz with {wanted}") from error


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a csv file; cells that a short line lacks are None.

    Raises:
        DataError: it is no csv, or lacks one of the columns.
    """
    wanted = ",".join(columns)
    with path.open(newline="") as file:
        table = csv.DictReader(file)
        try:
            if not set(columns) <= set(table.fieldnames or ()):
                raise DataError(f"{path} has columns {table.fieldnames}: expected {wanted}")
            for row in table:
                yield table.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path} is no csv ({error}): expected the columns {wanted}") from error
