"""Real textures cut out of photographs and laid over a face: worn masks, and things at the face's side.

They come from the training photographs of `masked_faces.zip`, which teach the face detector and no classifier
of expressions. For tests only, like `sewn.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.alignment import CropGeometry, crop_face, similarity, to_grey
from edge.detectors import Detector, open_detector
from edge.detectors.boxes import iou
from edge.errors import DataError
from edge.labels import MASK_STATES
from edge.types import Face, Floats, Image
from train_keras.data.masked_faces import Photo, PhotoSplit, read_masked_faces
from train_keras.occlusion.masked import Progress, quiet

SIDE = 96  # of a cutting, in pixels
LEAST = 72  # pixels: longer side of a face whose mask is cut out
SAME_FACE = 0.5  # overlap of an annotated box with the one the detector finds
COUNT = 200  # cuttings of a kind
# What is cut out of a masked face, as shares of its crop: below the eyes, with the cheeks' edge and the chin.
MASK_REGION = (
    (0.06, 0.53), (0.30, 0.53), (0.50, 0.46), (0.70, 0.53), (0.94, 0.53), (0.91, 0.78), (0.74, 0.96),
    (0.50, 1.02), (0.26, 0.96), (0.09, 0.78),
)  # fmt: skip
FEATHER = 2.0  # pixels of a cutting
WHITEST = 240  # grey level to which a mask may be brightened
FRONTAL = 0.2  # most that the nose stands beside the middle of the eyes, in distances between them


@dataclass(frozen=True, slots=True, eq=False)
class Cuttings:
    """
    Attributes:
        masks: uint8 [K, SIDE, SIDE] grey, faces under real masks, framed as all crops (edge/alignment.py).
        scenes: uint8 [K, SIDE, SIDE] grey, parts of photographs without an annotated face.
    """

    masks: Image
    scenes: Image


def read_cuttings(path: Path, progress: Progress = quiet, count: int = COUNT) -> Cuttings:
    """The first `count` of each kind, in the order of the photographs' names.

    Args:
        path: masked_faces.zip.
    Raises:
        DataError: the file is missing or damaged, or its training photographs hold no face under a mask.
    """
    photos = read_masked_faces(path, PhotoSplit.TRAINING)
    detector = open_detector("facet")
    masks: list[Image] = []
    scenes: list[Image] = []
    for photo in progress(photos, len(photos), "cutting out masks"):
        if len(masks) < count:
            masks += [crop_face(photo.image, face, CropGeometry(SIDE)) for face in _masked(photo, detector)]
        if len(scenes) < count:
            scenes += _scenes(photo)
    if not masks or not scenes:
        raise DataError(f"{path} has no face of {LEAST} px under a mask to cut out: copy the file again")
    return Cuttings(np.stack(masks[:count]), np.stack(scenes[:count]))


def paste_mask(
    picture: Image, landmarks: Floats, rng: np.random.Generator, cuttings: Image
) -> tuple[Image, Image]:
    """Lay one of the real masks over the lower face, landmark on landmark, as bright as the face allows.

    Args:
        picture: uint8 [H, W] grey.
        landmarks: float [68, 2].
        cuttings: uint8 [K, SIDE, SIDE], `Cuttings.masks`.
    Returns:
        The picture and its occlusion map, uint8 [H, W].
    """
    cutting = cuttings[rng.integers(len(cuttings))]
    back = similarity(five_of(landmarks), CropGeometry(SIDE))  # from the picture to the cutting
    size = picture.shape[1::-1]
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    scale = 1 / max(float(np.hypot(back[0, 0], back[1, 0])), 1e-3)
    soft = cv2.GaussianBlur(cutting, (0, 0), max(0.3 / scale, 0.1))  # averaged where it shrinks
    laid = cv2.warpAffine(soft, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.asarray(cv2.warpAffine(_mask_region(), back, size, flags=flags), np.float32)
    # The skin round the eyes is bare in both: it tells how to bring the cutting into the picture's light.
    eyes = cv2.warpAffine(_eye_region(), back, size, flags=flags) > 0.5
    if eyes.any():
        gain = float(np.median(picture[eyes])) / max(float(np.median(laid[eyes])), 1.0)
        white = float(np.percentile(laid[alpha > 0.5], 95)) if (alpha > 0.5).any() else 255.0
        laid = laid * np.float32(min(np.clip(gain, 0.5, 2.0), WHITEST / max(white, 1.0)))
    return _blend(picture, np.asarray(laid, np.float32), alpha)


def hide_side(
    picture: Image, landmarks: Floats, rng: np.random.Generator, scenes: Image, share: float
) -> tuple[Image, Image]:
    """Push something real before one side of the face, with a curved edge.

    Args:
        picture: uint8 [H, W] grey.
        landmarks: float [68, 2]; the face spans what its jaw does.
        scenes: uint8 [K, S, S], `Cuttings.scenes`.
        share: of the face's width that is hidden.
    Returns:
        The picture and its occlusion map, uint8 [H, W].
    """
    height, width = picture.shape
    low, high = float(landmarks[:, 0].min()), float(landmarks[:, 0].max())
    rows = np.arange(height, dtype=np.float32)
    bend, phase = rng.uniform(0, 0.06) * (high - low), rng.uniform(0, 2 * np.pi)
    edge = low + share * (high - low) + bend * np.sin(2 * np.pi * rows / height + phase)
    from_left = bool(rng.integers(2))
    if not from_left:
        edge = low + high - edge
    columns = np.arange(width, dtype=np.float32)
    inside = edge[:, None] - columns if from_left else columns - edge[:, None]
    scene = scenes[rng.integers(len(scenes))]
    laid = cv2.resize(scene, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _blend(picture, laid, np.clip(inside + 0.5, 0, 1).astype(np.float32))


def five_of(landmarks: Floats) -> Floats:
    """The device's five landmarks out of the 68: float32 [5, 2]."""
    eyes = [landmarks[36:42].mean(0), landmarks[42:48].mean(0)]
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]]).astype(np.float32)


def _masked(photo: Photo, detector: Detector) -> list[Face]:
    """The large frontal faces that are annotated as masked and that the detector finds too."""
    boxes = photo.boxes[photo.states == MASK_STATES.index("mask")]
    boxes = boxes[(boxes[:, 2:] - boxes[:, :2]).max(1, initial=0) >= LEAST]
    found = detector.detect(photo.image) if len(boxes) else []
    return [f for f in found if iou(boxes, f.box[None]).max() >= SAME_FACE and _is_frontal(f.landmarks)]


def _is_frontal(five: Floats | None) -> bool:
    if five is None:
        return False
    across = five[1] - five[0]
    aside = (five[2] - (five[0] + five[1]) / 2) @ across / max(float(across @ across), 1e-6)
    return bool(abs(aside) <= FRONTAL)


def _scenes(photo: Photo) -> list[Image]:
    """One square of the photograph's upper corners, if no annotated face reaches into it."""
    height, width = photo.image.shape[:2]
    if min(height, width) < 2 * SIDE:
        return []
    for x in (0, width - SIDE):
        square = np.array([[x, 0, x + SIDE, SIDE]], np.float32)
        part = to_grey(photo.image[:SIDE, x : x + SIDE])
        if part.std() > 12 and not (len(photo.boxes) and iou(photo.boxes, square).any()):
            return [part]
    return []


@functools.cache
def _mask_region() -> Floats:
    filled = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillPoly(filled, [np.round(np.array(MASK_REGION) * SIDE).astype(np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), FEATHER), np.float32)


@functools.cache
def _eye_region() -> Floats:
    region = np.zeros((SIDE, SIDE), np.float32)
    region[round(0.25 * SIDE) : round(0.46 * SIDE), round(0.2 * SIDE) : round(0.8 * SIDE)] = 1
    return region


def _blend(picture: Image, laid: Floats, alpha: Floats) -> tuple[Image, Image]:
    covered = np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
    weight = covered.astype(np.float32) / np.float32(255)
    painted = np.round(picture * (1 - weight) + laid * weight).clip(0, 255).astype(np.uint8)
    painted[covered == 0] = picture[covered == 0]
    return painted, covered
