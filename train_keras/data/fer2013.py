"""FER2013 (Goodfellow et al. 2013): 35,887 grey crops of 48 px, one label each, in the file's order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Floats
from train_keras.data.faces import Faces, Rows, Split, read_arrays, read_table, require

SIDE = 48
_LABELS = {str(number): number for number in range(len(LABELS))}
_USAGES = {"Training": Split.TRAINING, "PublicTest": Split.PUBLIC_TEST, "PrivateTest": Split.PRIVATE_TEST}


def read_fer2013(path: Path) -> Faces:
    """Read `fer2013.npz` (images, label, usage) or Kaggle's `fer2013.csv` (emotion, pixels, Usage).

    Raises:
        DataError: the file is missing, cut short or of another layout.
    """
    require(path, "fer2013.npz with images, label, usage, or Kaggle's fer2013.csv with emotion,pixels,Usage")
    return _read_csv(path) if path.suffix == ".csv" else _read_npz(path)


def one_hot(classes: Rows) -> Floats:
    return np.eye(len(LABELS), dtype=np.float32)[classes]


def _read_npz(path: Path) -> Faces:
    images, labels, usage = read_arrays(path, "images", "label", "usage")
    count = len(images)
    if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise DataError(
            f"{path} has images {images.dtype} {images.shape}: expected uint8 [N, {SIDE}, {SIDE}]"
        )
    if labels.shape != (count,) or not np.isin(labels, range(len(LABELS))).all():
        raise DataError(f"{path} has other labels than {count} numbers from 0 to {len(LABELS) - 1}")
    if usage.shape != (count,) or not np.isin(usage, list(Split)).all():
        raise DataError(f"{path} has other usages than {count} numbers from 0 to {len(Split) - 1}")
    return Faces(images, one_hot(labels.astype(np.int64)), usage.astype(np.int8), np.arange(count))


def _read_csv(path: Path) -> Faces:
    images, labels, usages = [], [], []
    for number, row in read_table(path, ("emotion", "pixels", "Usage")):
        try:
            images.append(np.array(row["pixels"].split(), np.uint8).reshape(SIDE, SIDE))
            labels.append(_LABELS[row["emotion"]])
            usages.append(_USAGES[row["Usage"]])
        except (ValueError, KeyError, AttributeError, OverflowError) as error:
            raise DataError(f"{path} line {number} is damaged ({error}): copy the file again") from error
    if not images:
        raise DataError(f"{path} holds no rows: copy the file again")
    return Faces(
        np.stack(images), one_hot(np.array(labels)), np.array(usages, np.int8), np.arange(len(images))
    )
