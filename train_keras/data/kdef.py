"""KDEF, the Karolinska Directed Emotional Faces (Lundqvist, Flykt and Öhman 1998): 4,900 photographs.

    KDEF/AF01/AF01ANS.JPG … KDEF/BM35/BM35SUFR.JPG

A folder for each of two sessions (A, B) of 35 women (F) and 35 men (M). After the folder's name a file's name
says the expression (AF afraid, AN, DI, HA, NE, SA, SU) and the angle: S straight, HL and HR half profiles, FL
and FR full profiles. The folder KDEF is part of the published KDEF_and_AKDEF. Two files were published under
unfinished names, AF31V.JPG for AF31SAHL and AM31H.JPG for AM31SUHR.

762 x 562 px in colour, whole heads. No published splits: cross-validate by identity (F01 … M35).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.errors import DataError
from train_keras.data.faces import Faces, require
from train_keras.data.pictures import Picture, folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = "KDEF/ with the folders AF01 to BM35 and pictures such as AF01/AF01ANS.JPG"
EXPRESSIONS = {
    "AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad",
    "SU": "surprise",
}  # fmt: skip
FRONTAL = ("S",)
ANGLES = ("S", "HL", "HR", "FL", "FR")
PEOPLE = tuple(f"{gender}{number:02}" for gender in "FM" for number in range(1, 36))
PUBLISHED_AS = {"AF31SAHL": "AF31V", "AM31SUHR": "AM31H"}
TOLERATED = 0.01  # share of the pictures that a copy may lack


def read_kdef(
    path: Path, size: int = 48, progress: Progress = quiet, *, angles: Sequence[str] = FRONTAL
) -> Faces:
    """Read KDEF from its folder, or from the folder that holds `KDEF/`.

    Args:
        angles: of `ANGLES`, the frontal pictures by default.
    Raises:
        ValueError: another angle.
        DataError: a folder is missing, more than 1 % of the pictures are, or one cannot be decoded.
    """
    if not angles or not set(angles) <= set(ANGLES):
        raise ValueError(f"angles {list(angles)}: choose from {', '.join(ANGLES)}")
    root = folder_of(require(path, LAYOUT), "KDEF", "KDEF_and_AKDEF/KDEF", ".", layout=LAYOUT)
    pictures, missing = [], []
    for session in "AB":
        for person in PEOPLE:
            there = {file.name.upper(): file for file in require(root / (session + person), LAYOUT).iterdir()}
            for code, label in EXPRESSIONS.items():
                for angle in angles:
                    name = f"{session}{person}{code}{angle}"
                    file = there.get(f"{name}.JPG") or there.get(f"{PUBLISHED_AS.get(name)}.JPG")
                    if file is None:
                        missing.append(root / (session + person) / f"{name}.JPG")
                    else:
                        pictures.append(Picture(file, label, identity=person))
    if len(missing) > TOLERATED * (len(missing) + len(pictures)):
        raise DataError(f"{missing[0]} and {len(missing) - 1} more are missing: expected {LAYOUT}")
    return read_pictures(pictures, size, source=path, layout=LAYOUT, find_faces=True, progress=progress)
