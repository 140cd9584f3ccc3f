"""JAFFE, Japanese Female Facial Expression (Lyons et al. 1998): 213 grey photographs of ten women.

    KA.AN1.39.tiff                          who, expression and take, number in the set

AN, DI, FE, HA, NE, SA, SU. 256 px, whole heads, all in one folder; the published archives call it jaffe or
jaffedbase. No published splits: cross-validate by identity (KA …).
"""

from __future__ import annotations

import re
from pathlib import Path

from edge.errors import DataError
from train_keras.data.faces import Faces, require
from train_keras.data.pictures import Picture, folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = "pictures such as KA.AN1.39.tiff, each woman with all seven expressions"
EXPRESSIONS = {
    "AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sad",
    "SU": "surprise",
}  # fmt: skip
_NAME = re.compile(rf"([A-Z]{{2}})\.({'|'.join(EXPRESSIONS)})\d+\.\d+\.tiff?", re.IGNORECASE)


def read_jaffe(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read JAFFE from its folder, or from the folder that holds `jaffe/` or `jaffedbase/`.

    Raises:
        DataError: the folder is missing, a picture is named otherwise or cannot be decoded, or a woman lacks
            one of the seven expressions.
    """
    root = folder_of(require(path, LAYOUT), "jaffe", "jaffedbase", ".", layout=LAYOUT)
    pictures = []
    for file in sorted(root.iterdir()):
        if not file.suffix.lower().startswith(".tif") or file.name.startswith("."):
            continue
        name = _NAME.fullmatch(file.name)
        if name is None:
            raise DataError(f"{file} is no name of JAFFE's: expected {LAYOUT}")
        pictures.append(Picture(file, EXPRESSIONS[name[2].upper()], identity=name[1].upper()))
    there = {(picture.identity, picture.label) for picture in pictures}
    for person in sorted({picture.identity or "" for picture in pictures}):
        for code, label in EXPRESSIONS.items():
            if (person, label) not in there:
                raise DataError(f"{root / f'{person}.{code}*.tiff'} is missing: expected {LAYOUT}")
    return read_pictures(pictures, size, source=root, layout=LAYOUT, find_faces=True, progress=progress)
