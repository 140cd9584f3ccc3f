"""FER2013 (Goodfellow et al. 2013): 35,887 grey crops of 48 px, one label each, in the file's order."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Image
from train_keras.data.faces import Faces, Split, require

SIDE = 48
_USAGES = {"Training": Split.TRAINING, "PublicTest": Split.PUBLIC_TEST, "PrivateTest": Split.PRIVATE_TEST}


def read_fer2013(path: Path) -> Faces:
    """Read `fer2013.npz` (images, label, usage) or Kaggle's `fer2013.csv` (emotion, pixels, Usage).

    Raises:
        DataError: the file is missing, cut short or of another layout.
    """
    require(path, "fer2013.npz with images, label, usage, or Kaggle's fer2013.csv with emotion,pixels,Usage")
    return _read_csv(path) if path.suffix == ".csv" else _read_npz(path)


def one_hot(classes: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.eye(len(LABELS), dtype=np.float32)[classes]


def _read_npz(path: Path) -> Faces:
    try:
        with np.load(path) as file:
            images, labels, usage = file["images"], file["label"], file["usage"]
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} is not FER2013 ({error}): expected arrays images, label, usage") from error
    return Faces(images, one_hot(labels), usage.astype(np.int8), np.arange(len(images)))


def _read_csv(path: Path) -> Faces:
    images, labels, usages = [], [], []
    with path.open(newline="") as file:
        table = csv.DictReader(file)
        if table.fieldnames is None or not {"emotion", "pixels", "Usage"} <= set(table.fieldnames):
            raise DataError(f"{path} has columns {table.fieldnames}: expected emotion,pixels,Usage")
        for number, row in enumerate(table, 2):
            try:
                pixels = np.array(row["pixels"].split(), np.uint8).reshape(SIDE, SIDE)
                labels.append(range(len(LABELS))[int(row["emotion"])])
                usages.append(_USAGES[row["Usage"]])
            except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
                raise DataError(f"{path} line {number} is damaged ({error}): copy the file again") from error
            images.append(pixels)
    if not images:
        raise DataError(f"{path} holds no rows: copy the file again")
    return Faces(
        np.stack(images), one_hot(np.array(labels)), np.array(usages, np.int8), np.arange(len(images))
    )
