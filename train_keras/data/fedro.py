"""FED-RO, Facial Expression Dataset with Real Occlusions (Li, Zeng, Shan and Chen 2018): 400 pictures.

Its authors send it on request, so this layout was gathered from code that reads it and not from the set:

    anger/*, disgust/*, fear/*, happy/*, neural/*, sad/*, surprise/*        ("neural" is their spelling)

or the same below FED_RO/ or FED-RO/. Certain are the classes and their counts (anger 53, disgust 51, fear 58,
happy 59, neutral 50, sad 66, surprise 63). Uncertain are the folders' exact names, for which reason every
usual spelling is taken, and whether a copy holds whole pictures or aligned faces; a face is looked for in
each picture, and where none is found its central square is taken. Who is seen is not told, and there are no
splits: it is a test set for networks trained on others.
"""

from __future__ import annotations

from pathlib import Path

from train_keras.data.faces import Faces, Split, require
from train_keras.data.folders import pictures_by_class
from train_keras.data.pictures import folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = "the folders anger, disgust, fear, happy, neural, sad and surprise with pictures in each"


def read_fedro(path: Path, size: int = 48, progress: Progress = quiet) -> Faces:
    """Read FED-RO. Like every set without splits it is all `TRAINING`, though nobody trains on it.

    Raises:
        DataError: a class is missing or unknown, or a picture cannot be decoded.
    """
    root = folder_of(require(path, LAYOUT), "FED_RO", "FED-RO", ".", layout=LAYOUT)
    pictures = pictures_by_class(root, Split.TRAINING, LAYOUT, neural="neutral")
    return read_pictures(pictures, size, source=root, layout=LAYOUT, find_faces=True, progress=progress)
