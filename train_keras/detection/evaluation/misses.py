"""A sheet of everything one detector got wrong, to be looked at; it shows faces, so it is never published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.detectors.boxes import iou
from edge.errors import OutputError
from edge.labels import MASK_STATES
from edge.types import Face, Floats, Image
from train_keras.detection.evaluation.matching import FALSE, NOBODY, TOUCHING, match
from train_keras.detection.evaluation.scenes import Scene, longer_sides
from train_keras.detection.evaluation.scores import SEEN, boxes_of, scores_of

TILE, CAPTION, COLUMNS = 150, 34, 10
SURROUNDINGS = 0.6  # around a face, as a share of its longer side
GREEN, RED, WHITE = (90, 200, 90), (60, 60, 230), (235, 235, 235)
Tile = tuple[float, Image]


def draw_misses(
    path: Path,
    scenes: Sequence[Scene],
    found: Sequence[Sequence[Face]],
    threshold: float,
    minimum: float,
    witnesses: Sequence[Floats],
) -> tuple[int, int]:
    """Write every missed face (green) and every false box (red) with its surroundings, as PNG.

    Args:
        found: for each scene the faces down to a low score, the surest first: a missed face's caption tells
            the best score of a box on it.
        threshold: below it a face is not seen.
        minimum: least longer side of a face that counts, in pixels.
        witnesses: for each scene the boxes of other detectors; false boxes that they confirm say so.
    Returns:
        How many were missed, and how many boxes were false.
    Raises:
        OutputError: the file cannot be written.
    """
    missed: list[Tile] = []
    false: list[Tile] = []
    for scene, faces, others in zip(scenes, found, witnesses, strict=True):
        missed += _missed(scene, faces, threshold, minimum)
        false += _false(scene, [face for face in faces if face.score >= threshold], minimum, others)
    tiles = [tile for _, tile in [*_descending(missed), *_descending(false)]]
    blank = np.zeros((TILE + CAPTION, TILE, 3), np.uint8)
    tiles += [blank] * (-len(tiles) % COLUMNS or (COLUMNS if not tiles else 0))
    sheet = np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])
    try:
        written = cv2.imwrite(str(path), sheet)
    except cv2.error:  # an ending that OpenCV does not know
        written = False
    if not written:
        raise OutputError(f"cannot write {path}: give a path that ends in .png with --sheet")
    return len(missed), len(false)


def _missed(scene: Scene, faces: Sequence[Face], threshold: float, minimum: float) -> Iterator[Tile]:
    boxes, scores = boxes_of(faces), scores_of(faces)
    finders = match(scene.boxes, boxes[scores >= threshold], minimum).finders
    touching = iou(scene.boxes, boxes) > TOUCHING
    for i, (box, size) in enumerate(zip(scene.boxes, longer_sides(scene.boxes), strict=True)):
        if size >= minimum and finders[i] == NOBODY:
            best = f"{scores[touching[i]].max():.2f}" if touching[i].any() else "no box"
            state = MASK_STATES[scene.states[i]].removeprefix("mask_worn_")
            yield float(size), _tile(scene.image, box, GREEN, f"{state} {size:.0f} px", f"best {best}")


def _false(scene: Scene, faces: Sequence[Face], minimum: float, others: Floats) -> Iterator[Tile]:
    boxes = boxes_of(faces)
    for i in np.flatnonzero(match(scene.boxes, boxes, minimum).truths == FALSE).tolist():
        confirmed = bool((iou(boxes[i : i + 1], others) > SEEN).any())
        size = longer_sides(boxes[i : i + 1]).item()
        second = f"{faces[i].score:.2f}{', others too' if confirmed else ''}"
        yield faces[i].score, _tile(scene.image, boxes[i], RED, f"false {size:.0f} px", second)


def _descending(tiles: list[Tile]) -> list[Tile]:
    return sorted(tiles, key=lambda tile: -tile[0])


def _tile(image: Image, box: Floats, colour: tuple[int, int, int], *caption: str) -> Image:
    """A square of the picture around a box, what lies outside the picture black, and two lines beneath."""
    centre = (box[:2] + box[2:]) / 2
    side = max(float((box[2:] - box[:2]).max()) * (1 + 2 * SURROUNDINGS), 1.0)
    scale = TILE / side
    offset = TILE / 2 - scale * centre
    placing = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
    tile = np.zeros((TILE + CAPTION, TILE, 3), np.uint8)
    tile[:TILE] = cv2.warpAffine(image, placing, (TILE, TILE), flags=cv2.INTER_LINEAR)
    low, high = (tuple(round(float(v)) for v in scale * corner + offset) for corner in (box[:2], box[2:]))
    cv2.rectangle(tile, low, high, colour, 1)
    tile[TILE:] = 0
    for line, text in enumerate(caption):
        at = (4, TILE + 13 + 15 * line)
        cv2.putText(tile, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, WHITE, 1, cv2.LINE_AA)
    return tile
