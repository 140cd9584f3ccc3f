"""A set as a folder of pictures for each class, face crops already.

    angry/*.jpg, disgust/*.jpg, …                           no splits: all of it is for training
    train/angry/*.jpg, …, test/angry/*.jpg, …               two splits
    train/…, validation/…, test/…                           three

Class folders may be named in any usual way (`SPELLINGS`); contempt is left out.
"""

from __future__ import annotations

from pathlib import Path

from edge.errors import DataError
from edge.labels import LABELS
from train_keras.data.faces import Faces, Split, require
from train_keras.data.pictures import Picture, files_in, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = f"a folder of pictures for each class ({', '.join(LABELS)}), or such folders below train/ and test/"
SPELLINGS = {
    "angry": ("angry", "anger"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "happy": ("happy", "happiness", "joy"),
    "sad": ("sad", "sadness"),
    "surprise": ("surprise", "surprised"),
    "neutral": ("neutral", "calm"),
}
_LABEL_OF = {spelling: label for label, spellings in SPELLINGS.items() for spelling in spellings}
LEFT_OUT = ("contempt",)
SPLITS = {
    "train": Split.TRAINING, "training": Split.TRAINING,
    "validation": Split.PUBLIC_TEST, "valid": Split.PUBLIC_TEST, "val": Split.PUBLIC_TEST,
    "test": Split.PRIVATE_TEST, "testing": Split.PRIVATE_TEST,
}  # fmt: skip


def read_folders(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read a folder of pictures for each class; validation is `PUBLIC_TEST`, test `PRIVATE_TEST`.

    Raises:
        DataError: the folder is missing or empty, a folder in it is no class, one class or the training
            pictures are missing, or a picture cannot be decoded.
    """
    require(path, LAYOUT)
    splits = [folder for folder in _folders(path) if folder.name.lower() in SPLITS]
    if not splits:
        pictures = pictures_by_class(path, Split.TRAINING, LAYOUT)
    else:
        others = sorted({folder.name for folder in _folders(path)} - {folder.name for folder in splits})
        if others:
            raise DataError(f"{path / others[0]} lies beside {splits[0].name}/: expected {LAYOUT}")
        pictures = [
            picture
            for folder in splits
            for picture in pictures_by_class(folder, SPLITS[folder.name.lower()], LAYOUT)
        ]
        if not any(picture.split is Split.TRAINING for picture in pictures):
            raise DataError(f"{path / 'train'} is missing: expected {LAYOUT}")
    return read_pictures(pictures, size, source=path, layout=LAYOUT, find_faces=False, progress=progress)


def pictures_by_class(path: Path, split: Split, layout: str, **more: str) -> list[Picture]:
    """The pictures in the class folders of `path`.

    Args:
        more: further names of folders, and the label of each.
    Raises:
        DataError: a folder is no class, or a class has no pictures.
    """
    label_of = {**_LABEL_OF, **more}
    pictures = []
    for folder in _folders(path):
        name = folder.name.lower()
        if name in LEFT_OUT:
            continue
        if name not in label_of:
            known = ", ".join("/".join(spellings) for spellings in SPELLINGS.values())
            raise DataError(f"{folder} is no known class: rename it to one of {known}")
        pictures += [Picture(file, label_of[name], split) for file in files_in(folder)]
    missing = [label for label in LABELS if label not in {picture.label for picture in pictures}]
    if missing:
        raise DataError(f"{path / missing[0]} is missing or holds no pictures: expected {layout}")
    return pictures


def _folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
