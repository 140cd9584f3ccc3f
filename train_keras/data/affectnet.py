"""AffectNet (Mollahosseini, Hasani and Mahoor 2017): faces from the web, in either of its two layouts.

Face crops of 224 px, as it has been distributed since 2021:

    train_set/images/0.jpg …            train_set/annotations/0_exp.npy …       a single number, as text
    val_set/images/…                    val_set/annotations/…

Scenes, as it was published first (the training list has a header, the validation list none):

    Manually_Annotated_file_lists/training.csv, validation.csv
    Manually_Annotated_Images/689/737db….jpg …

with the columns `COLUMNS`. The lists may also lie beside the picture folder, and that below
Manually_Annotated/. 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none,
9 uncertain, 10 no face. Contempt and what follows it are left out. The test pictures were never published;
the validation pictures are what everybody reports. Who is seen is not told.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.errors import DataError
from edge.types import Floats
from train_keras.data.faces import Faces, Split, require
from train_keras.data.pictures import Picture, files_in, folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip
LAYOUT = (
    "train_set/ and val_set/ with images/1.jpg and annotations/1_exp.npy, or training.csv and validation.csv "
    "in Manually_Annotated_file_lists/ with Manually_Annotated_Images/"
)
CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
LEFT_OUT = (7, 8, 9, 10)  # contempt, none, uncertain, no face


def read_affectnet(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read AffectNet in either layout; its validation pictures are `PRIVATE_TEST`.

    Raises:
        DataError: a folder, a list or a picture is missing or damaged.
    """
    require(path, LAYOUT)
    crops = (path / "train_set").is_dir() or (path / "val_set").is_dir()
    pictures = list(_crops(path) if crops else _scenes(path))
    return read_pictures(pictures, size, source=path, layout=LAYOUT, find_faces=not crops, progress=progress)


def _crops(path: Path) -> Iterator[Picture]:
    for name, split in (("train_set", Split.TRAINING), ("val_set", Split.PRIVATE_TEST)):
        images = {file.stem: file for file in files_in(require(path / name / "images", LAYOUT))}
        annotations = require(path / name / "annotations", LAYOUT)
        names = {file.name.removesuffix("_exp.npy") for file in annotations.glob("*_exp.npy")}
        if not names:
            raise DataError(f"{annotations} holds no *_exp.npy: expected {LAYOUT}")
        for stem in sorted(names | set(images), key=lambda stem: (len(stem), stem)):
            file = require(images.get(stem, path / name / "images" / f"{stem}.jpg"), LAYOUT)
            annotation = require(annotations / f"{stem}_exp.npy", LAYOUT)
            label = _label(_expression(annotation), str(annotation))
            if label is not None:
                yield Picture(file, label, split)


def _expression(file: Path) -> str:
    try:
        return str(np.load(file).item())
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{file} is damaged ({error}): copy the file again") from error


def _scenes(path: Path) -> Iterator[Picture]:
    lists = folder_of(path, "Manually_Annotated_file_lists", ".", layout=LAYOUT)
    found: dict[str, list[list[str]]] = {}
    for name in ("training.csv", "validation.csv"):
        found[name] = list(_rows(require(lists / name, LAYOUT)))
    images = folder_of(
        path, "Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", layout=LAYOUT
    )
    for name, split in (("training.csv", Split.TRAINING), ("validation.csv", Split.PRIVATE_TEST)):
        for row in found[name]:
            label = _label(row[6], f"{lists / name}, {row[0]}")
            if label is not None:
                yield Picture(images / row[0], label, split, box=_box(row, lists / name))


def _rows(file: Path) -> Iterator[list[str]]:
    """The rows of a list as text; its header, where it has one, is left out."""
    with file.open(newline="") as text:
        try:
            for number, row in enumerate(csv.reader(text), 1):
                if number == 1 and row and row[0] == COLUMNS[0] and tuple(row) != COLUMNS:
                    raise DataError(f"{file} has columns {row}: expected {','.join(COLUMNS)}")
                if len(row) != len(COLUMNS):
                    raise DataError(f"{file} line {number} is damaged: expected {','.join(COLUMNS)}")
                if row[0] != COLUMNS[0]:
                    yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{file} is no csv ({error}): expected {','.join(COLUMNS)}") from error


def _box(row: list[str], file: Path) -> Floats:
    try:
        x, y, width, height = (float(value) for value in row[1:5])
    except ValueError as error:
        raise DataError(f"{file}, {row[0]}: face box {row[1:5]} is no four numbers") from error
    return np.array([x, y, x + width, y + height], np.float32)


def _label(code: str, where: str) -> str | None:
    """The label of an expression's number; None where it is left out."""
    if code.isdecimal() and int(code) < len(CODES):
        return CODES[int(code)]
    if code.isdecimal() and int(code) in LEFT_OUT:
        return None
    raise DataError(f"{where}: expression '{code}' is no number from 0 to {LEFT_OUT[-1]}")
