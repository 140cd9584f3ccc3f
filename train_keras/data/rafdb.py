"""RAF-DB, the Real-world Affective Faces Database (Li, Deng and Du 2017), its single-label (basic) part.

    EmoLabel/list_patition_label.txt        train_00001.jpg 5   (the misspelling is the published name)
    Image/aligned/train_00001_aligned.jpg … test_3068_aligned.jpg

1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral. 12,271 training and 3,068 test
pictures, aligned face crops of 100 px in colour. Who is seen is not told. The folder above, basic/, will do.
"""

from __future__ import annotations

from pathlib import Path

from edge.errors import DataError
from train_keras.data.faces import Faces, Split, require
from train_keras.data.pictures import Picture, folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LIST = "EmoLabel/list_patition_label.txt"
LAYOUT = f"{LIST} and the pictures Image/aligned/train_00001_aligned.jpg …"
LABEL_OF = {
    "1": "surprise", "2": "fear", "3": "disgust", "4": "happy", "5": "sad", "6": "angry", "7": "neutral",
}  # fmt: skip
SPLITS = {"train": Split.TRAINING, "test": Split.PRIVATE_TEST}


def read_rafdb(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read RAF-DB's basic part; its test pictures are `PRIVATE_TEST`.

    Raises:
        DataError: the list or a picture in it is missing, a line is damaged, or a picture cannot be decoded.
    """
    root = folder_of(require(path, LAYOUT), "basic", ".", layout=LAYOUT)
    names = require(root / LIST, LAYOUT)
    try:
        lines = names.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{names} is no text ({error}): expected lines such as train_00001.jpg 5") from error
    pictures = [_picture(root, names, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return read_pictures(pictures, size, source=root, layout=LAYOUT, find_faces=False, progress=progress)


def _picture(root: Path, names: Path, number: int, line: str) -> Picture:
    try:
        name, code = line.split()
        stem, suffix = name.rsplit(".", 1)
        label, split = LABEL_OF[code], SPLITS[stem.split("_")[0]]
    except (ValueError, KeyError) as error:
        raise DataError(
            f"{names} line {number} is '{line}': expected one such as train_00001.jpg 5"
        ) from error
    return Picture(root / "Image" / "aligned" / f"{stem}_aligned.{suffix}", label, split)
