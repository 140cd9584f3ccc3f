"""More training faces: pictures that nobody labelled, answered by networks that are sure of them.

Source: Xie et al. 2020, "Self-training with Noisy Student", section 2: soft answers to clean pictures, kept
where the teachers are confident, learned from pictures that are made harder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.detectors import open_detector
from edge.errors import DataError, ModelMissingError
from edge.labels import MASK_STATES
from edge.types import Floats, Image
from train_keras import models  # noqa: F401 - a saved teacher's own layers are found once they are imported
from train_keras.data.faces import Faces, Rows, Split
from train_keras.data.lfw import DRAW_SEED, PER_CLASS, read_lfw, read_lfw_faces
from train_keras.data.mask_crops import read_mask_crops
from train_keras.occlusion.masked import Progress, quiet
from train_keras.predicting import both_sides, probabilities
from train_keras.recipe import UnlabelledRecipe

LFW_ROWS, CROP_ROWS = 1_000_000, 2_000_000  # added to rows, which seed masks: FER2013's are below


def more_faces(recipe: UnlabelledRecipe, size: int, progress: Progress = quiet) -> Faces:
    """The faces that the teachers are sure of, with the mean of their answers as the targets.

    Left out is everybody whom `mien framing` tests on.

    Args:
        size: side of the crops in pixels.
    Raises:
        DataError: the pictures are missing or damaged, or the teachers are sure of none.
        ModelMissingError: a teacher is missing.
    """
    pools = [_lfw(recipe.lfw, size, progress), _bare_crops(recipe.crops, size, progress)]
    images, rows = (np.concatenate(parts) for parts in zip(*pools, strict=True))
    answers = _answers(recipe.teachers, images)
    sure = answers.max(1) >= recipe.sure
    if not sure.any():
        raise DataError(
            f"unlabelled.sure: the teachers are {recipe.sure:g} sure of none of {len(sure)} faces"
        )
    splits = np.full(int(sure.sum()), Split.TRAINING, np.int8)
    return Faces(images[sure], answers[sure], splits, rows[sure])


def _answers(teachers: Sequence[Path], images: Image) -> Floats:
    said = []
    for teacher in teachers:
        if not teacher.is_file():
            raise ModelMissingError(f"the teacher {teacher} is missing: train it first")
        network = keras.saving.load_model(teacher, compile=False)
        said.append(both_sides(partial(probabilities, network), images))
    return np.asarray(np.mean(said, axis=0), np.float32)


def _lfw(path: Path, size: int, progress: Progress) -> tuple[Image, Rows]:
    faces = read_lfw_faces(path, size, progress)
    assert faces.identities is not None
    tested = faces.identities[np.isin(faces.rows, read_lfw(path, PER_CLASS, DRAW_SEED).rows)]
    free = ~np.isin(faces.identities, tested)
    return faces.images[free], faces.rows[free] + LFW_ROWS


def _bare_crops(path: Path, size: int, progress: Progress) -> tuple[Image, Rows]:
    """Faces without a mask, cut out by facet as a device does; crops in which it finds none are left out."""
    detector, geometry = open_detector("facet"), CropGeometry(size)
    crops, rows = [], []
    pictures, states = read_mask_crops(path)
    bare = np.flatnonzero(np.array(states) == MASK_STATES.index("no_mask"))
    for row in progress(bare, len(bare), "cutting out faces"):
        side = max(pictures[row].shape[:2]) // 2  # faces fill these crops, and facet learned from whole heads
        room = cv2.copyMakeBorder(pictures[row], side, side, side, side, cv2.BORDER_REPLICATE)
        if found := detector.detect(np.asarray(room, np.uint8)):
            crops.append(crop_face(np.asarray(room, np.uint8), found[0], geometry))
            rows.append(row)
    return np.array(crops, np.uint8).reshape(-1, size, size), np.array(rows, np.int64) + CROP_ROWS
