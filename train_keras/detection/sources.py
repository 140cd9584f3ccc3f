"""Reads and labels what the detector learns from; test photographs only to keep their copies out."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edge.labels import MASK_STATES
from edge.types import Floats, Image
from train_keras.data.faces import Split
from train_keras.data.ferplus import read_ferplus
from train_keras.data.lfw import read_lfw
from train_keras.data.mask_crops import read_mask_crops
from train_keras.data.masked_faces import PhotoSplit, copies, read_masked_faces
from train_keras.detection.pasting import tinted
from train_keras.detection.pictures import EXACT, MARKED, POINTS, Picture, face_rows
from train_keras.detection.pseudo import Teacher, label_crops, label_photos
from train_keras.detection.sampling import Sources
from train_keras.occlusion.masked import Progress, find_landmarks, quiet
from train_keras.occlusion.masks import draw_mask
from train_keras.occlusion.painter import paint_mask
from train_keras.recipe import DetectionData

MASK, NO_MASK, WORN_INCORRECTLY = range(len(MASK_STATES))
T = TypeVar("T")
# Of the pools, among the crops that are shown. Unsure are faces of FER2013 that even YuNet does not see.
CROPS_WEIGHT, LFW_WEIGHT, FER_WEIGHT, UNSURE_WEIGHT, PAINTED_WEIGHT = 0.4, 0.2, 0.17, 0.08, 0.15


def read_sources(data: DetectionData, seed: int, progress: Progress = quiet) -> tuple[Sources, list[Picture]]:
    """What is trained on, and the validation photographs.

    Copies of validation and test photographs are left out of the training ones.
    """
    training, validation, test = (read_masked_faces(data.photos, split) for split in PhotoSplit)
    held_out = [photo.image for photo in validation + test]
    training = _chosen(training, ~copies([photo.image for photo in training], held_out))
    validation = _chosen(
        validation, ~copies([photo.image for photo in validation], held_out[len(validation) :])
    )
    teacher = Teacher(data.teacher)
    pictures = label_photos(training[: data.limit], teacher, progress)
    watched = label_photos(validation[: data.limit], teacher, progress)
    images, states = read_mask_crops(data.crops)
    rows = _spread(len(images), data.crop_faces)
    rows = _chosen(rows, ~copies([images[row] for row in rows], held_out))
    crops = label_crops("mask crops", [images[i] for i in rows], [states[i] for i in rows], teacher, progress)
    lfw = read_lfw(data.lfw, data.lfw_faces // 3, seed).images
    bare = label_crops(
        "LFW faces", [_colour(image) for image in lfw], [NO_MASK] * len(lfw), teacher, progress
    )
    fer = read_ferplus(data.fer2013, data.ferplus).split(Split.TRAINING).images
    fer = fer[np.array(_spread(len(fer), data.fer_faces), np.int64)]
    small = label_crops(
        "FER2013 faces",
        [_colour(image) for image in fer],
        [NO_MASK] * len(fer),
        teacher,
        progress,
        framed=True,
    )
    unsure = [picture for picture in small if not picture.faces[0, MARKED]]
    small = [picture for picture in small if picture.faces[0, MARKED]]
    painted = painted_pictures(fer[: data.painted_faces], seed, progress)
    pools = (
        (CROPS_WEIGHT, [exact(picture) for picture in crops]),
        (LFW_WEIGHT, [exact(picture) for picture in bare]),
        (FER_WEIGHT, [exact(picture) for picture in small]),
        (UNSURE_WEIGHT, unsure),
        (PAINTED_WEIGHT, painted),
    )
    return Sources(pictures, tuple((weight, pool) for weight, pool in pools if pool)), watched


def painted_pictures(images: Image, seed: int, progress: Progress = quiet) -> list[Picture]:
    """Grey face crops [N, S, S], in colour, under painted masks worn well and worn below the nose, where dlib
    confirms the face."""
    if not len(images):
        return []
    points, seen = find_landmarks(images, progress)
    rng = np.random.default_rng(seed)
    pictures = []
    for i in progress(np.flatnonzero(seen), int(seen.sum()), "painting masks"):
        for state in (MASK, WORN_INCORRECTLY):
            mask = draw_mask(rng, below_nose=state == WORN_INCORRECTLY)
            rows = face_rows(box_around(points[i])[None], state)
            rows[0, POINTS], rows[0, MARKED] = five_points(points[i]).ravel(), EXACT
            skin = tinted(Picture(_colour(images[i]), rows), rng)
            pictures.append(replace(skin, image=paint_mask(skin.image, points[i], mask)[0]))
    return pictures


def exact(crop: Picture) -> Picture:
    """A crop whose known landmarks count as exact. They were found on an enlarged face; of the small ones in
    photographs the finder tells at random how they lean."""
    faces = crop.faces.copy()
    faces[faces[:, MARKED] > 0, MARKED] = EXACT
    return replace(crop, faces=faces)


def five_points(points: Floats) -> Floats:
    """Eyes, nose and mouth corners, float32 [5, 2], of the 68 landmarks [68, 2]."""
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    return np.stack([*eyes, points[30], points[48], points[54]]).astype(np.float32)


def box_around(points: Floats) -> Floats:
    """The box from jaw to jaw and from above the brows to the chin, as annotators draw it: float32 [4]."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([left, top - 0.12 * (bottom - top), right, bottom], np.float32)


def _spread(count: int, wanted: int) -> list[int]:
    """`wanted` rows evenly over all of them."""
    return [int(row) for row in np.unique(np.linspace(0, count - 1, min(count, wanted)).round())]


def _chosen(items: list[T], keep: npt.NDArray[np.bool_]) -> list[T]:
    return [item for item, kept in zip(items, keep, strict=True) if kept]


def _colour(grey: Image) -> Image:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
