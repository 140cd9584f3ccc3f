"""Photographs of people with and without masks: `masked_faces.zip`, pictures and `annotations.json`."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.labels import MASK_STATES
from edge.types import Floats, Image
from train_keras.data.faces import Rows, require

SAME_PICTURE = 50
LAYOUT = "masked_faces.zip with pictures and annotations.json (file, width, height, faces: label, xyxy)"


class PhotoSplit(IntEnum):
    """Training, validation (thresholds, choice among checkpoints), and testing, for the last look only."""

    TRAINING = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One picture and its annotated faces.

    Attributes:
        file: name inside the archive.
        image: uint8 [H, W, 3] BGR.
        boxes: float32 [N, 4] xyxy in pixels.
        states: int64 [N] over `edge.labels.MASK_STATES`.
    """

    file: str
    image: Image
    boxes: Floats
    states: Rows


def split_of(file: str) -> PhotoSplit:
    """The split of a picture, from the hash of its name: 15 % testing, 7 % validation.

    >>> split_of("853/01609.jpg") is split_of("853/01609.jpg")
    True
    """
    percent = int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) % 100
    if percent < 15:
        return PhotoSplit.TEST
    return PhotoSplit.VALIDATION if percent < 22 else PhotoSplit.TRAINING


def read_masked_faces(path: Path, split: PhotoSplit) -> list[Photo]:
    """The pictures of one split, in the order of their names.

    Raises:
        DataError: the file is missing, no zip, or a picture it lists is not there or cannot be decoded.
    """
    require(path, LAYOUT)
    try:
        with zipfile.ZipFile(path) as archive:
            annotations = json.loads(archive.read("annotations.json"))
            rows = sorted(
                (row for row in annotations if split_of(row["file"]) is split), key=lambda row: row["file"]
            )
            return [_photo(archive, row) for row in rows]
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}): expected {LAYOUT}") from error


def _photo(archive: zipfile.ZipFile, row: dict[str, Any]) -> Photo:
    image = cv2.imdecode(np.frombuffer(archive.read(row["file"]), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{row['file']} in masked_faces.zip cannot be decoded: copy the file again")
    faces = row["faces"]
    return Photo(
        row["file"],
        np.asarray(image, np.uint8),
        np.array([face["xyxy"] for face in faces], np.float32).reshape(-1, 4),
        np.array([MASK_STATES.index(face["label"]) for face in faces], np.int64),
    )


def copies(images: Sequence[Image], others: Sequence[Image]) -> npt.NDArray[np.bool_]:
    """Which pictures are nearly the same as one of `others`: bool [N].

    The published collections share pictures, at other sizes and qualities, and names tell nothing of it. Two
    pictures count as one when at most 50 of 256 brightness steps between neighbouring cells differ.
    """
    if not len(images) or not len(others):
        return np.zeros(len(images), bool)
    ours, theirs = (np.stack([_fingerprint(image) for image in side]) for side in (images, others))
    return np.asarray((256 - ours @ theirs.T).min(axis=1) / 2 <= SAME_PICTURE)


def _fingerprint(image: Image) -> Floats:
    """Difference hash: ±1 float32 [256], whether each of 16 x 16 cells is darker than its right neighbour."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (17, 16), interpolation=cv2.INTER_AREA)
    return np.where(grey[:, 1:] > grey[:, :-1], np.float32(1), np.float32(-1)).ravel()
