"""What one or several teachers say of the training faces: averaged answers, kept in one small file.

Teachers may be large and may be gone; a file of soft labels is enough to train their student again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.errors import ConfigError, DataError
from edge.types import Floats, Image
from train_keras.data.faces import Faces, read_arrays
from train_keras.distillation import teacher_logits
from train_keras.occlusion.masked import Progress, quiet
from train_keras.recipe import DistillationRecipe

SUFFIX = ".npz"
LARGEST_HALF = 60000.0  # below float16's largest number


def soft_labels(teachers: Sequence[Path], faces: Faces, cache: Path) -> Floats:
    """The teachers' logits of every face, averaged: float32 [N, C].

    Each teacher's are brought to log-probabilities first, so that all count alike: the mean is the geometric
    mean of what they think.

    Args:
        teachers: `.keras` files, or files that `keep` wrote.
        faces: bare ones.
        cache: folder in which networks' answers are kept.
    Raises:
        ModelMissingError: a teacher is missing.
        DataError: a file of soft labels is damaged or lacks some of these faces.
    """
    said = []
    for teacher in teachers:
        kept = teacher.suffix == SUFFIX
        logits = read(teacher, faces) if kept else teacher_logits(teacher, faces.images, cache)
        said.append(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return np.mean(said, axis=0).astype(np.float32)


def taught(
    recipe: DistillationRecipe, faces: Faces, pool: Image | None, cache: Path, progress: Progress = quiet
) -> Floats:
    """What the recipe's teachers say of what it shows them.

    Args:
        faces: bare ones.
        pool: uint8 [V, N, S, S], the same faces occluded; None where nothing is.
        cache: folder in which networks' answers are kept.
    Returns:
        float32 [N, C] of the bare faces alone, or [1 + V, N, C], first those and then the pool's.
    Raises:
        ConfigError: a teacher is to be shown occluded faces, but only its soft labels are at hand.
        ModelMissingError, DataError: as `soft_labels` does.
    """
    views = [faces.images]
    if pool is not None and recipe.sees != "bare":
        views.extend(pool)
    if len(views) > 1 and (kept := [teacher for teacher in recipe.teachers if teacher.suffix == SUFFIX]):
        raise ConfigError(
            f"distillation.sees: {kept[0]} holds what was said of bare faces: name the teacher's .keras file"
        )
    bare, *occluded = (
        soft_labels(recipe.teachers, replace(faces, images=images), cache)
        for images in progress(views, len(views), "asking the teachers")
    )
    if recipe.sees == "both":
        occluded = [np.asarray((bare + each) / 2, np.float32) for each in occluded]
    return np.stack([bare, *occluded]) if occluded else bare


def teacher_name(teacher: Path) -> str:
    """What people call a teacher: its run, or its file of soft labels."""
    return teacher.stem if teacher.suffix == SUFFIX else teacher.parent.name


def keep(path: Path, faces: Faces, logits: Floats, teachers: Sequence[Path]) -> None:
    """Write logits [N, C] of faces in half precision, with the faces' rows in their set and who said so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = np.clip(logits, -LARGEST_HALF, LARGEST_HALF).astype(np.float16)
    part = path.with_name(f"{path.stem}.part{SUFFIX}")
    np.savez_compressed(part, rows=faces.rows, logits=half, teachers=[teacher_name(t) for t in teachers])
    part.replace(path)


def read(path: Path, faces: Faces) -> Floats:
    """The kept logits of these faces: float32 [N, C].

    Raises:
        DataError: there is no such file, it is damaged, or some of the faces are not in it.
    """
    rows, logits = read_arrays(path, "rows", "logits")
    if rows.ndim != 1 or logits.ndim != 2 or len(rows) != len(logits):
        raise DataError(f"{path} holds no soft labels: write them with `mien label`")
    places = {int(row): place for place, row in enumerate(rows)}
    if missing := sum(int(row) not in places for row in faces.rows):
        raise DataError(f"{path} lacks {missing} of {len(faces)} faces: write it again with `mien label`")
    return logits[[places[int(row)] for row in faces.rows]].astype(np.float32)
