"""Labelled Faces in the Wild with expression labels: `lfw_expressions.zip`, grey jpegs and `labels.csv`."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import DataError
from edge.types import Image
from train_keras.data.faces import Rows, require

VALENCES = ("happy", "neutral", "negative")
_VALENCE_OF = {
    "happiness": 0, "neutral": 1, "anger": 2, "disgust": 2, "fear": 2, "sadness": 2, "surprise": 2,
    "contempt": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LfwFaces:
    """Faces of several sizes.

    Attributes:
        images: uint8 [H, W] grey each.
        valences: int64 [N], 0 happy, 1 neutral, 2 the rest.
        rows: int64 [N], line of the face in labels.csv.
    """

    images: list[Image]
    valences: Rows
    rows: Rows


def read_lfw(path: Path, per_class: int, seed: int) -> LfwFaces:
    """Draw `per_class` faces of each of happy, neutral and the rest; duplicate names are left out.

    Raises:
        DataError: the file is missing, no zip, or a picture it lists is not there.
    """
    require(path, "lfw_expressions.zip with images/ and labels.csv (image,emotion)")
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rsplit("/", 1)[-1]: name for name in archive.namelist()}
            table = list(csv.DictReader(io.TextIOWrapper(archive.open(names["labels.csv"]))))
            chosen = _draw(table, per_class, seed)
            images = [_decode(archive, names, table[row]["image"]) for row in chosen]
    except (zipfile.BadZipFile, zlib.error, KeyError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is damaged ({error}): expected images/ and labels.csv (image,emotion)"
        ) from error
    return LfwFaces(images, np.array([_VALENCE_OF[table[row]["emotion"]] for row in chosen]), chosen)


def _draw(table: list[dict[str, str]], per_class: int, seed: int) -> Rows:
    _, inverse, counts = np.unique([row["image"] for row in table], return_inverse=True, return_counts=True)
    unique = counts[inverse] == 1
    valences = np.array([_VALENCE_OF[row["emotion"]] for row in table])
    rng = np.random.default_rng(seed)
    drawn = [
        rng.permutation(np.flatnonzero(unique & (valences == v)))[:per_class] for v in range(len(VALENCES))
    ]
    return np.sort(np.concatenate(drawn))


def _decode(archive: zipfile.ZipFile, names: dict[str, str], name: str) -> Image:
    picture = cv2.imdecode(np.frombuffer(archive.read(names[name]), np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{name} in lfw_expressions.zip cannot be decoded: copy the file again")
    return picture.astype(np.uint8)
