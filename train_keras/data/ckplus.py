"""CK+, the extended Cohn-Kanade set (Lucey et al. 2010): sequences from a neutral face to its expression.

    cohn-kanade-images/S005/001/S005_001_00000001.png … S005_001_00000011.png
    Emotion/S005/001/S005_001_00000011_emotion.txt        3.0000000e+00

593 sequences of 123 people, 327 of them labelled; the other folders below Emotion/ are empty. 0 neutral,
1 anger, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sadness, 7 surprise. 640 x 490 px, whole heads. The two
folders may lie in those named after the published archives, extended-cohn-kanade-images/ and
Emotion_labels/.

The usual protocol takes a labelled sequence's last three frames for its expression and its first frame for
neutral. Contempt sequences are left out, their neutral frames too. No published splits: cross-validate by
identity (S005 …), for frames of one sequence are all but copies of each other.
"""

from __future__ import annotations

from pathlib import Path

from edge.errors import DataError
from train_keras.data.faces import Faces, require
from train_keras.data.pictures import Picture, folder_of, read_pictures
from train_keras.occlusion.masked import Progress, quiet

LAYOUT = (
    "cohn-kanade-images/S005/001/S005_001_00000001.png … and Emotion/S005/001/S005_001_00000011_emotion.txt"
)
CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
LABELLED = "_emotion.txt"


def read_ckplus(
    path: Path, size: int = 48, progress: Progress = quiet, *, peaks: int = 3, neutral: bool = True
) -> Faces:
    """Read the labelled sequences of CK+.

    Args:
        peaks: how many of a sequence's last frames are taken, the first one never.
        neutral: take the first frame too. `peaks=1, neutral=False` gives the 309 pictures of papers that
            count one for each sequence.
    Raises:
        ValueError: `peaks` is not positive.
        DataError: a folder, a label or a frame is missing or damaged.
    """
    if peaks < 1:
        raise ValueError(f"peaks {peaks}: a sequence shows its expression in its last frames, take 1 or more")
    require(path, LAYOUT)
    images = folder_of(
        path, "cohn-kanade-images", "extended-cohn-kanade-images/cohn-kanade-images", layout=LAYOUT
    )
    emotions = folder_of(path, "Emotion", "Emotion_labels/Emotion", layout=LAYOUT)
    pictures = []
    for file in sorted(emotions.glob(f"*/*/*{LABELLED}")):
        label = _label(file)
        if label == "contempt":
            continue
        subject = file.parent.parent.name
        frames = _frames(images / subject / file.parent.name, file)
        if neutral:
            pictures.append(Picture(frames[0], "neutral", identity=subject))
        pictures += [Picture(frame, label, identity=subject) for frame in frames[1:][-peaks:]]
    return read_pictures(pictures, size, source=path, layout=LAYOUT, find_faces=True, progress=progress)


def _label(file: Path) -> str:
    try:
        return CODES[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].index(float(file.read_text()))]
    except ValueError as error:
        raise DataError(f"{file} is damaged ({error}): expected a number from 0 to 7") from error


def _frames(folder: Path, label: Path) -> list[Path]:
    """The frames of a sequence in order, up to the last, which its label is named after; none is missing."""
    last = label.name.removesuffix(LABELLED)
    stem, count = last.rsplit("_", 1)[0], last.rsplit("_", 1)[-1]
    if not count.isdecimal() or int(count) < 2:
        raise DataError(f"{label} does not name a sequence's last frame: expected {LAYOUT}")
    return [require(folder / f"{stem}_{number:08}.png", LAYOUT) for number in range(1, int(count) + 1)]
