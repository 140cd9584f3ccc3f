"""FER+ (Barsoum et al. 2016): ten crowd votes for each FER2013 row.

Protocol: seven classes (contempt dropped), targets are the distribution of the seven columns. Test rows
need more than half of their seven-class votes on one class; all rows need five votes on the seven.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.types import Image
from train_keras.data.faces import Faces, Split, read_arrays, read_table, require
from train_keras.data.fer2013 import read_fer2013

COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
MIN_VOTES = 5
IN_OUR_ORDER = (4, 5, 6, 1, 3, 2, 0)  # columns in the order of edge.labels.LABELS


def read_votes(path: Path) -> Image:
    """Votes [N, 10], row-aligned with FER2013: from `ferplus.npz` (votes) or Microsoft's fer2013new.csv.

    Raises:
        DataError: the file is missing or of another layout.
    """
    require(path, "ferplus.npz with votes [N, 10], or fer2013new.csv with the columns neutral … NF")
    if path.suffix == ".csv":
        return _read_csv(path)
    (votes,) = read_arrays(path, "votes")
    if votes.shape[1:] != (len(COLUMNS),):
        raise DataError(f"{path} has votes of shape {votes.shape}: expected [N, {len(COLUMNS)}]")
    return votes.astype(np.uint8)


def _read_csv(path: Path) -> Image:
    rows = []
    for number, row in read_table(path, COLUMNS):
        try:
            rows.append(np.array([int(row[name]) for name in COLUMNS], np.uint8))
        except (ValueError, TypeError, OverflowError) as error:
            raise DataError(f"{path} line {number} is damaged ({error}): copy the file again") from error
    return np.array(rows, np.uint8).reshape(-1, len(COLUMNS))


def read_ferplus(fer2013: Path, votes: Path) -> Faces:
    """FER2013's faces with FER+ vote distributions as targets.

    Left out: rows the crowd called no face, rows whose pictures do not match FER+'s (`row_exact` in the
    npz), training rows that are pixel-identical to a test row, and rows short of the protocol's votes.

    Raises:
        DataError: a file is missing, damaged or not aligned with the other.
    """
    return join_votes(read_fer2013(fer2013), read_votes(votes), _aligned(fer2013)).without_leaks()


def join_votes(faces: Faces, votes: Image, aligned: npt.NDArray[np.bool_] | None = None) -> Faces:
    """Replace FER2013's labels by vote distributions and leave out the rows short of votes.

    Args:
        faces: all rows of FER2013.
        votes: uint8 [N, 10].
        aligned: bool [N], rows whose two files show the same picture; all by default.
    """
    if len(votes) != len(faces):
        raise DataError(f"FER+ has {len(votes)} rows, FER2013 {len(faces)}: the two must be row-aligned")
    seven = votes[:, IN_OUR_ORDER].astype(np.float32)
    total = seven.sum(1)
    keep = total >= MIN_VOTES
    keep &= (faces.splits == Split.TRAINING) | (seven.max(1) > total / 2)
    if aligned is not None:
        keep &= aligned
    targets = (seven / np.maximum(total, 1)[:, None]).astype(np.float32)
    return replace(faces, targets=targets)[keep]


def _aligned(fer2013: Path) -> npt.NDArray[np.bool_] | None:
    if fer2013.suffix != ".npz":
        return None
    with np.load(fer2013) as file:
        return file["row_exact"].astype(bool) if "row_exact" in file.files else None
