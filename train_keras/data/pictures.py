"""From picture files to grey face crops: what the readers of picture sets share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.alignment import CropGeometry, crop_face, resize_crop
from edge.detectors import Detector, open_detector
from edge.detectors.boxes import areas, iou
from edge.errors import DataError
from edge.labels import LABELS
from edge.types import Face, Floats, Image
from train_keras.data.faces import Faces, Split, require
from train_keras.data.fer2013 import one_hot
from train_keras.occlusion.masked import Progress, quiet

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
SAME_FACE = 0.3  # overlap from which a found face is the one that the set's box marks


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a set and what is said of it.

    Attributes:
        file: where it lies.
        label: one of `edge.labels.LABELS`.
        split: the published one.
        identity: who is seen; None where the set does not tell.
        box: float32 [4], the published face box, x0 y0 x1 y1 in pixels; None where the set has none.
    """

    file: Path
    label: str
    split: Split = Split.TRAINING
    identity: str | None = None
    box: Floats | None = None


def read_pictures(
    pictures: Sequence[Picture],
    size: int,
    *,
    source: Path,
    layout: str,
    find_faces: bool,
    progress: Progress = quiet,
) -> Faces:
    """Read pictures and bring each face to one size.

    Args:
        pictures: in the order of the set; a face's row is its picture's place in it.
        size: side of the crops in pixels.
        source: the set's folder, and `layout` what it should hold, for errors.
        find_faces: the pictures show whole heads or scenes, which are cropped as the device crops a frame.
            False: they are face crops already, and only resized.
    Raises:
        DataError: there are none, or one is missing or cannot be decoded.
    """
    if not pictures:
        raise DataError(f"{source} holds no pictures to read: expected {layout}")
    detector = open_detector("facet") if find_faces else None
    images = np.empty((len(pictures), size, size), np.uint8)
    for row, picture in enumerate(progress(pictures, len(pictures), f"reading {source.name}")):
        require(picture.file, layout)
        if detector is None:
            images[row] = resize_crop(decode(picture.file, cv2.IMREAD_GRAYSCALE), CropGeometry(size))
        else:
            images[row] = cut_face(decode(picture.file), detector, size, picture.box)
    identities = [picture.identity for picture in pictures]
    return Faces(
        images,
        one_hot(np.array([LABELS.index(picture.label) for picture in pictures])),
        np.array([picture.split for picture in pictures], np.int8),
        np.arange(len(pictures)),
        identities=None if None in identities else np.array(identities, np.str_),
    )


def decode(file: Path, mode: int = cv2.IMREAD_COLOR) -> Image:
    """A picture file as uint8 [H, W, 3] BGR, or [H, W] with `cv2.IMREAD_GRAYSCALE`.

    Raises:
        DataError: it is no picture, or cut short before its first pixel.
    """
    content = np.frombuffer(file.read_bytes(), np.uint8)
    picture = cv2.imdecode(content, mode) if content.size else None
    if picture is None:
        raise DataError(f"{file} cannot be decoded: copy the file again")
    return np.asarray(picture, np.uint8)


def cut_face(image: Image, detector: Detector, size: int, box: Floats | None = None) -> Image:
    """Crop the face of a picture as the device does: uint8 [size, size] grey.

    Of several faces it is the one that `box` marks, without a box the largest. Where none is found, the
    published box is cropped, and without one the picture's central square.

    Args:
        image: uint8 [H, W, 3] BGR.
        box: float32 [4], the published face box, x0 y0 x1 y1 in pixels.
    """
    geometry = CropGeometry(size)
    face = _chosen(detector.detect(image), box)
    if face is not None:
        return crop_face(image, face, geometry)
    if box is not None:
        return crop_face(image, Face(box, 0.0), geometry)
    return resize_crop(central_square(image), geometry)


def _chosen(faces: list[Face], box: Floats | None) -> Face | None:
    if not faces:
        return None
    boxes = np.stack([face.box for face in faces])
    if box is None:
        return faces[int(areas(boxes).argmax())]
    overlaps = iou(boxes, box[None])[:, 0]
    best = int(overlaps.argmax())
    return faces[best] if overlaps[best] >= SAME_FACE else None


def central_square(image: Image) -> Image:
    """The largest square around the picture's middle.

    >>> central_square(np.arange(20, dtype=np.uint8).reshape(4, 5)).tolist()
    [[0, 1, 2, 3], [5, 6, 7, 8], [10, 11, 12, 13], [15, 16, 17, 18]]
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def files_in(folder: Path) -> Iterator[Path]:
    """The picture files of a folder and of those below it, in the order of their paths."""
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            yield file


def folder_of(path: Path, *names: str, layout: str) -> Path:
    """The first of the folders `names` that `path` holds; "." is `path` itself.

    Raises:
        DataError: it holds none of them.
    """
    for name in names:
        if (path / name).is_dir():
            return path / name
    raise DataError(f"{path / names[0]} is missing: expected {layout}")
