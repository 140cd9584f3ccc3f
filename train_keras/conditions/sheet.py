"""A contact sheet of every condition on one face, as the classifier gets to see it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.alignment import CropGeometry, crop_face, similarity, to_grey
from edge.errors import NotAPictureError
from edge.types import Face, Floats, Image
from train_keras.conditions.steps import apply, camera_steps, generator, worn_steps
from train_keras.occlusion import landmarks
from train_keras.occlusion.cuttings import SIDE, Cuttings, five_of
from train_keras.occlusion.kinds import occlude

CROP, TILE, GAP, NAME_WIDTH, CAPTION = 48, 96, 4, 190, 13
FRAME_NUMBER = 40  # of the demo clip, whose first half is bare
_INK = 40


def draw_sheet(video: Path, path: Path) -> None:
    """Write the sheet, PNG: a row for each family, the bare face in front.

    The face is the demo clip's, which may be published. What is cut out of photographs that may not be is
    replaced by the clip's own background, and no real mask is shown.

    Args:
        video: with a bare face at its frame `FRAME_NUMBER`.
    Raises:
        NotAPictureError: there is no such frame, or dlib finds no face in it.
    """
    frame = _frame(video)
    found = landmarks.in_picture(frame)
    if not len(found):
        raise NotAPictureError(f"{video} shows no face in frame {FRAME_NUMBER}: give another video")
    crop, points = _crop(frame, found[0])
    bands = []
    for family, tiles in _families(crop, points, frame).items():
        shown = [_captioned(crop, "bare"), *(_captioned(picture, name) for name, picture in tiles)]
        bands.append((family, shown))
    wide = max(len(tiles) for _, tiles in bands)
    rows = [_band(family, tiles, wide) for family, tiles in bands]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _families(crop: Image, points: Floats, frame: Image) -> dict[str, list[tuple[str, Image]]]:
    scenes = np.stack([frame[y : y + SIDE, :SIDE] for y in (0, SIDE)])
    families: dict[str, list[tuple[str, Image]]] = {}
    for worn in worn_steps(Cuttings(scenes, scenes)):
        if worn.family != "natural":
            picture = worn.wear(crop, points, generator(worn, 0))[0]
            families.setdefault(worn.family, []).append((worn.name, picture))
    families["natural"] = [
        (kind, occlude(crop, points, kind, np.random.default_rng(3))[0])
        for kind in ("sunglasses", "hand", "scarf")
    ]
    for step in camera_steps():
        picture = apply(step, crop[None], np.zeros(1, np.int64))[0]
        families.setdefault(step.family, []).append((step.name, picture))
    return families


def _frame(video: Path) -> Image:
    capture = cv2.VideoCapture(str(video))
    capture.set(cv2.CAP_PROP_POS_FRAMES, FRAME_NUMBER)
    decoded, frame = capture.read()
    if not decoded:
        raise NotAPictureError(f"{video} has no frame {FRAME_NUMBER}: give a longer video")
    return to_grey(np.asarray(frame, np.uint8))


def _crop(frame: Image, points: Floats) -> tuple[Image, Floats]:
    """The crop that the device would make, and the 68 landmarks in it."""
    five = five_of(points)
    face = Face(np.array([*points.min(0), *points.max(0)], np.float32), 1.0, five)
    geometry = CropGeometry(CROP)
    matrix = similarity(five, geometry)
    return crop_face(frame, face, geometry), (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _captioned(crop: Image, name: str) -> Image:
    """An enlarged crop over its name, uint8 grey."""
    tile = np.full((TILE + CAPTION + GAP, TILE + GAP), 255, np.uint8)
    tile[:TILE, :TILE] = cv2.resize(crop, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    _write(tile, name.replace("°", " deg"), (1, TILE + CAPTION - 3), 0.30)
    return tile


def _band(family: str, tiles: list[Image], wide: int) -> Image:
    name = np.full((tiles[0].shape[0], NAME_WIDTH), 255, np.uint8)
    _write(name, family, (6, TILE // 2), 0.42)
    blank = [np.full_like(tiles[0], 255)] * (wide - len(tiles))
    return np.hstack([name, *tiles, *blank])


def _write(picture: Image, words: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, _INK, 1, cv2.LINE_AA)
