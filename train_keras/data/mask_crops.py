"""Face crops with and without real masks: `mask_crops.zip`, folders `mask/` and `no_mask/`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np

from edge.errors import DataError
from edge.labels import MASK_STATES
from edge.types import Image
from train_keras.data.faces import require

LAYOUT = "mask_crops.zip with the folders mask/ and no_mask/"


def read_mask_crops(path: Path) -> tuple[list[Image], list[int]]:
    """All crops, uint8 [H, W, 3] BGR, and the index of each one's state in `MASK_STATES`.

    Raises:
        DataError: the file is missing, no zip, lacks a folder, or holds a picture that cannot be decoded.
    """
    require(path, LAYOUT)
    images: list[Image] = []
    states: list[int] = []
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith((".jpg", ".jpeg", ".png")))
            for name in names:
                folder = name.split("/")[-2]
                picture = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
                if picture is None:
                    raise DataError(f"{name} in {path.name} cannot be decoded: copy the file again")
                images.append(np.asarray(picture, np.uint8))
                states.append(MASK_STATES.index(folder))
    except (zipfile.BadZipFile, zlib.error, ValueError, IndexError) as error:
        raise DataError(f"{path} is damaged ({error}): expected {LAYOUT}") from error
    if len(set(states)) < 2:
        raise DataError(f"{path} lacks a folder: expected {LAYOUT}")
    return images, states
