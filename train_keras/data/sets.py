"""Every data set by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.alignment import CropGeometry, resize_crop
from edge.errors import ConfigError, DataError
from train_keras.data import affectnet, ckplus, fedro, folders, jaffe, kdef, lfw, rafdb
from train_keras.data.faces import Faces
from train_keras.data.fer2013 import SIDE, read_fer2013
from train_keras.data.ferplus import read_ferplus
from train_keras.occlusion.masked import Progress, quiet

SHARED = Path("../shared/data")
FER2013_FILES = ("fer2013.npz", "fer2013.csv")
FERPLUS_FILES = ("ferplus.npz", "fer2013new.csv")


@dataclass(frozen=True, slots=True)
class DataSet:
    """How a set is read.

    Attributes:
        read: from its path, the side of the crops in pixels and a progress bar.
        path: where it lies unless told otherwise, seen from the working folder.
        layout: what is expected there.
    """

    read: Callable[[Path, int, Progress], Faces]
    path: Path
    layout: str


def read_set(name: str, path: Path | None = None, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read a data set by its name.

    Args:
        name: one of `SETS`.
        path: where it lies; None for its usual place.
        size: side of the crops in pixels.
    Raises:
        ConfigError: no set of that name.
        DataError: it is not there, or not whole.
    """
    if name not in SETS:
        raise ConfigError(f"no data set '{name}': use one of {', '.join(sorted(SETS))}")
    chosen = SETS[name]
    return chosen.read(chosen.path if path is None else path, size, progress)


def _fer2013(path: Path, size: int, progress: Progress) -> Faces:
    """FER2013 without the training rows that are copies of test rows."""
    return _resized(read_fer2013(path).without_leaks(), size)


def _ferplus(path: Path, size: int, progress: Progress) -> Faces:
    """FER+ from its votes, or from the folder that holds them; FER2013's pictures lie beside them."""
    votes = _one_of(path, FERPLUS_FILES) if path.is_dir() else path
    return _resized(read_ferplus(_one_of(votes.parent, FER2013_FILES), votes), size)


def _one_of(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder / names[0]} is missing: expected {SETS['ferplus'].layout}")


def _resized(faces: Faces, size: int) -> Faces:
    if size == SIDE:
        return faces
    return replace(faces, images=np.stack([resize_crop(image, CropGeometry(size)) for image in faces.images]))


SETS = {
    "fer2013": DataSet(_fer2013, SHARED / "fer2013.npz", "fer2013.npz or Kaggle's fer2013.csv"),
    "ferplus": DataSet(
        _ferplus,
        SHARED / "ferplus.npz",
        f"{' or '.join(FERPLUS_FILES)}, and beside it {' or '.join(FER2013_FILES)}",
    ),
    "lfw": DataSet(lfw.read_lfw_faces, SHARED / "lfw_expressions.zip", lfw.LAYOUT),
    "rafdb": DataSet(rafdb.read_rafdb, SHARED / "rafdb", rafdb.LAYOUT),
    "affectnet": DataSet(affectnet.read_affectnet, SHARED / "affectnet", affectnet.LAYOUT),
    "ckplus": DataSet(ckplus.read_ckplus, SHARED / "ckplus", ckplus.LAYOUT),
    "jaffe": DataSet(jaffe.read_jaffe, SHARED / "jaffe", jaffe.LAYOUT),
    "kdef": DataSet(kdef.read_kdef, SHARED / "kdef", kdef.LAYOUT),
    "fedro": DataSet(fedro.read_fedro, SHARED / "fedro", fedro.LAYOUT),
    "folders": DataSet(folders.read_folders, SHARED / "folders", folders.LAYOUT),
}
