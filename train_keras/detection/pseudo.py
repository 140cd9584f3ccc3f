"""What the published annotations lack, from a detector that is no part of mien: YuNet.

It gives landmarks to annotated faces, finds faces that nobody annotated, and boxes in face crops. Its boxes
include the forehead and the annotations' do not, so its boxes are first brought to the annotations' custom.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.detectors.boxes import iou
from edge.types import Floats, Image
from train_keras.data.faces import require
from train_keras.data.masked_faces import Photo
from train_keras.detection.pictures import BOX, FACE, IGNORED, MARKED, POINTS, STATE, Picture, face_rows
from train_keras.occlusion.masked import CACHE, Progress, quiet

SURE, DOUBTFUL = 0.75, 0.35  # YuNet's scores: a face; perhaps one
MARKS_FROM = 0.6  # the score from which its landmarks are believed
SAME, TOUCHING = 0.35, 0.15  # IoU with an annotation: the same face; too near to be another one
WORKING_SIDES = (640, 1024)  # landmarks come from the first, small faces from the second
# What the annotations' box is of YuNet's, in its widths and heights: median over 300 training photographs.
TRIM = np.array([0.0, 0.13, 0.03, 0.06], np.float32)


@dataclass(frozen=True, slots=True)
class Teacher:
    """YuNet over a file of its weights."""

    weights: Path

    def find(self, image: Image, side: int) -> Floats:
        """Detections of a picture resized to a longest side: float32 [N, 15], box xyxy, ten landmark
        coordinates, score, in the picture's own pixels."""
        require(self.weights, "YuNet's ONNX weights, from OpenCV's model zoo")
        height, width = image.shape[:2]
        scale = side / max(height, width)
        size = round(width * scale), round(height * scale)
        network = _network(str(self.weights))
        network.setInputSize(size)
        _, found = network.detect(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
        rows = np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)
        rows[:, 2:4] += rows[:, :2]
        rows[:, :14] /= scale
        return rows


_NETWORKS: dict[str, cv2.FaceDetectorYN] = {}


def _network(file: str) -> cv2.FaceDetectorYN:
    if file not in _NETWORKS:
        _NETWORKS[file] = cv2.FaceDetectorYN.create(file, "", (320, 320), DOUBTFUL, 0.3, 500)
    return _NETWORKS[file]


def label_photos(photos: Sequence[Photo], teacher: Teacher, progress: Progress = quiet) -> list[Picture]:
    """Photographs with landmarks, and with the faces their annotators left out."""
    key = ("photos", *(photo.file + _digest(photo.image) for photo in photos))
    rows = _cached(
        key,
        teacher,
        lambda: [
            complete(photo, teacher) for photo in progress(photos, len(photos), "labelling photographs")
        ],
    )
    return [Picture(photo.image, faces) for photo, faces in zip(photos, rows, strict=True)]


def complete(photo: Photo, teacher: Teacher) -> Floats:
    """The faces of one photograph: annotated ones with landmarks where YuNet agrees, then those it is sure of
    though nobody annotated them, then regions to ignore."""
    faces = face_rows(photo.boxes)
    faces[:, STATE] = photo.states
    first, second = (teacher.find(photo.image, side) for side in WORKING_SIDES)
    both = np.concatenate([first, second])
    overlaps = iou(photo.boxes, trimmed(both))
    # An annotated face takes its best match's landmarks; the first size's are preferred.
    for face, row in zip(faces, overlaps, strict=True):
        for rows in (slice(0, len(first)), slice(len(first), None)):
            candidates, found = row[rows], both[rows]
            if len(candidates) and candidates.max() > SAME:
                best = found[candidates.argmax()]
                if best[14] >= MARKS_FROM:
                    face[POINTS], face[MARKED] = best[4:14], 1
                    break
    unknown = both[overlaps.max(axis=0, initial=0) < TOUCHING]
    return np.concatenate([faces, unseen(unknown)])


def unseen(found: Floats) -> Floats:
    """Detections [N, 15] as faces of unknown mask state, once each; doubtful ones as regions to ignore."""
    rows = []
    boxes = trimmed(found)
    alive = np.ones(len(found), bool)
    for index in np.argsort(-found[:, 14], kind="stable"):
        if not alive[index]:
            continue
        sure = found[index, 14] >= SURE
        row = face_rows(boxes[index : index + 1], kind=FACE if sure else IGNORED)
        if sure:
            row[0, POINTS], row[0, MARKED] = found[index, 4:14], 1
        rows.append(row)
        alive &= iou(boxes[index : index + 1], boxes)[0] < SAME
    return np.concatenate(rows) if rows else face_rows(np.zeros((0, 4), np.float32))


def label_crops(
    name: str,
    images: Sequence[Image],
    states: Sequence[int],
    teacher: Teacher,
    progress: Progress = quiet,
    border: float = 0.25,
    framed: bool = False,
) -> list[Picture]:
    """Face crops as small pictures: the largest sure face has the crop's state, others an unknown one.

    A border is added by repeating the edge, since YuNet needs some room around a face. Crops without a sure
    face are left out.

    Args:
        framed: the crops are of one size and show a face each in about the same place. Those without a sure
            face, often in profile or half covered, stay, with the median of the others' boxes.
    """

    if not images:
        return []

    def one(image: Image, state: int) -> Floats:
        pad = round(border * max(image.shape[:2]))
        wide = np.asarray(cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8)
        found = teacher.find(wide, 320)
        found[:, :14] -= pad
        faces = unseen(found)
        sure = np.flatnonzero(faces[:, MARKED])
        if not len(sure):
            return faces[:0]
        largest = sure[np.argmax(np.prod(faces[sure, 2:4] - faces[sure, 0:2], axis=1))]
        faces[largest, STATE] = state
        return faces

    rows = _cached(
        (name, *map(_digest, images), *map(str, states)),
        teacher,
        lambda: [
            one(image, state)
            for image, state in progress(zip(images, states, strict=True), len(images), f"labelling {name}")
        ],
    )
    if framed and any(map(len, rows)):
        usual = np.median([faces[0, BOX] for faces in rows if len(faces)], axis=0)
        rows = [
            faces if len(faces) else face_rows(usual[None], state)
            for faces, state in zip(rows, states, strict=True)
        ]
    return [
        Picture(image, _within(image, faces)) for image, faces in zip(images, rows, strict=True) if len(faces)
    ]


def _within(image: Image, faces: Floats) -> Floats:
    """Faces whose boxes end where the picture does."""
    height, width = image.shape[:2]
    out = faces.copy()
    out[:, BOX] = np.clip(out[:, BOX], 0, [width, height, width, height])
    return out


def trimmed(found: Floats) -> Floats:
    """YuNet's boxes [N, >=4] as the annotators would draw them: float32 [N, 4]."""
    boxes = found[:, :4]
    size = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return np.asarray(boxes + TRIM * size, np.float32)


def _digest(image: Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def _cached(key: tuple[str, ...], teacher: Teacher, make: Callable[[], list[Floats]]) -> list[Floats]:
    """Lists of faces, kept on disk under a name that changes with the pictures, the weights and this code."""
    digest = hashlib.sha256("\n".join(key).encode())
    digest.update(teacher.weights.read_bytes() if teacher.weights.is_file() else b"")
    digest.update(ast.dump(ast.parse(Path(__file__).read_text())).encode())
    file = CACHE / f"pseudo-{digest.hexdigest()[:20]}.npz"
    if file.is_file():
        with np.load(file) as kept:
            return np.split(kept["faces"], kept["ends"][:-1])
    rows = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.npz")
    np.savez(part, faces=np.concatenate(rows), ends=np.cumsum([len(row) for row in rows]))
    part.replace(file)
    return rows
