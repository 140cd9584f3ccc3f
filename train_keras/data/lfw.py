"""Labelled Faces in the Wild with expression labels: `lfw_expressions.zip`, grey jpegs and `labels.csv`.

    images/Aaron_Eckhart_0001.jpg …         who, and which picture of them
    labels.csv                              image,emotion with eight emotions

Face crops up to 104 px, mostly from LFW (Huang et al. 2007), 925 of other collections named in the same way.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.alignment import CropGeometry, resize_crop
from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Floats, Image
from train_keras.data.faces import Faces, Rows, Split, require
from train_keras.data.fer2013 import one_hot
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = "lfw_expressions.zip with images/ and labels.csv (image,emotion)"
LABEL_OF = {
    "anger": "angry", "disgust": "disgust", "fear": "fear", "happiness": "happy", "sadness": "sad",
    "surprise": "surprise", "neutral": "neutral", "contempt": None,
}  # fmt: skip
# Correlation of the grey levels' slopes at 24 px. Of the set's pairs under two names twelve lie above, each
# of them one photograph to the eye; the next pair lies below 0.86 and is two.
SAME_PHOTOGRAPH, SAME_SIDE = 0.87, 24
DRAW_SEED, PER_CLASS = 11, 1100  # `mien framing`'s draw: whoever is in it is not trained on
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
    with _opened(path) as (archive, names, table):
        chosen = _draw(table, per_class, seed)
        images = [_decode(archive, names, table[row]["image"]) for row in chosen]
        valences = np.array([_VALENCE_OF[table[row]["emotion"]] for row in chosen])
    return LfwFaces(images, valences, chosen)


def read_lfw_faces(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read all faces with seven labels and who is seen; a face's row is its line in labels.csv.

    Left out are contempt, names that stand twice in the list, and photographs that stand under two people's
    names, cropped or lit a little differently: nobody can tell whose they are, and they would be on both
    sides of a split by identity. No published splits: cross-validate by identity.

    Raises:
        DataError: the file is missing, no zip, or a picture it lists is not there or cannot be decoded.
    """
    with _opened(path) as (archive, names, table):
        labels = [LABEL_OF[row["emotion"]] for row in table]
        known = np.array([label is not None for label in labels], bool)
        rows = np.flatnonzero(known & _listed_once(table))
        listed = progress(rows, len(rows), f"reading {path.name}")
        images = [_decode(archive, names, table[row]["image"]) for row in listed]
    if not images:
        raise DataError(f"{path} lists no faces: expected {LAYOUT}")
    people = np.array([identity_of(table[row]["image"]) for row in rows], np.str_)
    keep = np.flatnonzero(~_under_two_names(images, people))
    return Faces(
        np.stack([resize_crop(images[i], CropGeometry(size)) for i in keep]),
        one_hot(np.array([LABELS.index(labels[row] or "") for row in rows[keep]])),
        np.full(len(keep), Split.TRAINING, np.int8),
        rows[keep],
        identities=people[keep],
    )


def identity_of(name: str) -> str:
    """Who a picture's name says is seen.

    >>> identity_of("Aaron_Eckhart_0001.jpg"), identity_of("facial-expressions_2868588k.jpg")
    ('Aaron_Eckhart', 'facial-expressions')
    """
    return re.sub(r"_\d+k?\.jpe?g$", "", name)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, str], list[dict[str, str]]]]:
    """The archive, its members by their last name, and the rows of labels.csv."""
    require(path, LAYOUT)
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rsplit("/", 1)[-1]: name for name in archive.namelist()}
            table = list(csv.DictReader(io.TextIOWrapper(archive.open(names["labels.csv"]))))
            yield archive, names, table
    except (zipfile.BadZipFile, zlib.error, KeyError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is damaged ({error}): expected images/ and labels.csv (image,emotion)"
        ) from error


def _draw(table: list[dict[str, str]], per_class: int, seed: int) -> Rows:
    unique = _listed_once(table)
    valences = np.array([_VALENCE_OF[row["emotion"]] for row in table])
    rng = np.random.default_rng(seed)
    drawn = [
        rng.permutation(np.flatnonzero(unique & (valences == v)))[:per_class] for v in range(len(VALENCES))
    ]
    return np.sort(np.concatenate(drawn))


def _listed_once(table: list[dict[str, str]]) -> npt.NDArray[np.bool_]:
    _, inverse, counts = np.unique([row["image"] for row in table], return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1)


def _under_two_names(images: list[Image], people: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Which pictures show the same photograph as one of another person: bool [N]."""
    slopes = np.stack([_slopes(image) for image in images])
    found = np.zeros(len(images), bool)
    for start in range(0, len(images), 1000):
        alike = slopes[start : start + 1000] @ slopes[start:].T >= SAME_PHOTOGRAPH
        first, second = np.nonzero(alike)
        twice = people[start + first] != people[start + second]
        found[start + first[twice]] = found[start + second[twice]] = True
    return found


def _slopes(image: Image) -> Floats:
    """How the grey levels change across and down, as one float32 vector of length 1."""
    small = cv2.resize(image, (SAME_SIDE, SAME_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    both = np.stack([cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)]).ravel()
    return np.asarray(both / max(float(np.linalg.norm(both)), 1e-6), np.float32)


def _decode(archive: zipfile.ZipFile, names: dict[str, str], name: str) -> Image:
    picture = cv2.imdecode(np.frombuffer(archive.read(names[name]), np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{name} in lfw_expressions.zip cannot be decoded: copy the file again")
    return picture.astype(np.uint8)
