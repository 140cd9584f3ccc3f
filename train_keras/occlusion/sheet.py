"""Contact sheets of occluded faces, to judge the painters by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import NotAPictureError
from edge.types import Floats, Image
from train_keras.data.faces import Split
from train_keras.data.fer2013 import read_fer2013
from train_keras.occlusion import landmarks
from train_keras.occlusion.kinds import Occlusion, occlude
from train_keras.occlusion.masked import Progress, find_landmarks, quiet

COLUMNS, ROWS, TILE = 8, 8, 120
SURROUNDINGS = 0.25  # of a video's face, as a share of its size
OVERVIEW_COLUMNS, NAME_WIDTH = 6, 130
OVERVIEW_SHARE = 0.12  # of a video: in the demo clip a hand comes up to the face soon after
JPEG_QUALITY = 82  # of an overview, which goes into the documentation

Found = tuple[Image, Floats]  # a face crop and its 68 landmarks


def draw_sheet(
    path: Path, fer2013: Path, seed: int, progress: Progress = quiet, occlusion: Occlusion = Occlusion.MASK
) -> None:
    """Write 64 FER2013 training faces under masks, or behind another occlusion, enlarged, as PNG."""
    rng = np.random.default_rng(seed)
    _write(path, _occluded(_fer_faces(fer2013, COLUMNS * ROWS, rng, progress), occlusion, rng))


def draw_video_sheet(
    path: Path, video: Path, seed: int, progress: Progress = quiet, occlusion: Occlusion = Occlusion.MASK
) -> None:
    """Write 64 faces of a video's first half under masks, or behind another occlusion, in colour, as PNG.

    Raises:
        NotAPictureError: dlib finds too few faces in it.
    """
    rng = np.random.default_rng(seed)
    _write(path, _occluded(_video_faces(video, COLUMNS * ROWS, progress), occlusion, rng))


def draw_overview(
    path: Path, source: Path, seed: int, progress: Progress = quiet, video: bool = False
) -> None:
    """Write one named row for every kind of occlusion, on the same faces throughout.

    Args:
        source: FER2013, or a video with one face.
    Raises:
        NotAPictureError: dlib finds too few faces in the video.
    """
    rng = np.random.default_rng(seed)
    if video:
        found = _video_faces(source, OVERVIEW_COLUMNS, progress, OVERVIEW_SHARE)
    else:
        found = _fer_faces(source, OVERVIEW_COLUMNS, rng, progress)
    rows = [
        np.hstack([_name(kind, found[0][0].ndim), *map(_tile, _occluded(found, kind, rng))])
        for kind in Occlusion
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _fer_faces(fer2013: Path, count: int, rng: np.random.Generator, progress: Progress) -> list[Found]:
    training = read_fer2013(fer2013).split(Split.TRAINING)
    faces = training[np.sort(rng.choice(len(training), count, replace=False))]
    points, _ = find_landmarks(faces.images, progress)
    return list(zip(faces.images, points, strict=True))


def _video_faces(video: Path, count: int, progress: Progress, share: float = 0.5) -> list[Found]:
    """Faces from the first `share` of a video, evenly spaced, each with its surroundings."""
    capture = cv2.VideoCapture(str(video))
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT) * share)
    found: list[Found] = []
    every = max(1, frames // (count * 3 // 2))  # spare frames, for those where the face is hidden
    for number in progress(range(frames), frames, "finding faces"):
        decoded, frame = capture.read()
        if not decoded or number % every or len(found) == count:
            continue
        picture = np.asarray(frame, np.uint8)
        points = landmarks.in_picture(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8))
        if len(points):
            found.append(_around(picture, points[0]))
    if len(found) < count:
        raise NotAPictureError(f"{video} shows a face in {len(found)} frames only: give a longer video")
    return found


def _around(picture: Image, marks: Floats) -> Found:
    """The square around a face, as far as the picture goes, and the landmarks in it."""
    low, high = marks.min(0), marks.max(0)
    side = float((high - low).max()) * (1 + 2 * SURROUNDINGS)
    x0, y0 = np.maximum((low + high) / 2 - side / 2, 0).astype(int)
    crop = picture[y0 : y0 + round(side), x0 : x0 + round(side)]
    return np.ascontiguousarray(crop), marks - np.array([x0, y0], np.float32)


def _occluded(found: list[Found], kind: Occlusion, rng: np.random.Generator) -> list[Image]:
    return [occlude(picture, marks, kind, rng)[0] for picture, marks in found]


def _tile(face: Image) -> Image:
    how = cv2.INTER_CUBIC if max(face.shape[:2]) <= TILE else cv2.INTER_AREA
    return np.asarray(cv2.resize(face, (TILE, TILE), interpolation=how), np.uint8)


def _name(kind: Occlusion, dimensions: int) -> Image:
    """A row's name, black on white."""
    blank = np.full((TILE, NAME_WIDTH, 3)[:dimensions], 255, np.uint8)
    cv2.putText(blank, kind, (8, TILE // 2 + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return blank


def _write(path: Path, faces: list[Image]) -> None:
    tiles = [_tile(face) for face in faces]
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))
