"""Recall while training: a quick look at the validation photographs through the network as it is."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import keras
import numpy as np

from edge.detectors.boxes import iou, suppress
from edge.detectors.decoding import OVERLAP
from edge.labels import MASK_STATES
from edge.types import Floats
from train_keras.detection.batches import to_input
from train_keras.detection.cells import SCORE, SIDES, STATES, cells
from train_keras.detection.pictures import BOX, FACE, KIND, STATE, Picture, moved, sides
from train_keras.detection.sampling import GREY

MATCH = 0.3
LEAST = 20.0  # px of the network's input: 40 of a 640 x 480 frame
FALSE_BOXES = 0.1  # a picture


class Watch:
    """Measures recall of masked and bare faces at a fixed rate of false boxes, and mask states.

    Args:
        pictures: photographs; their annotated faces of at least 20 px of the network's input count.
        width, height: of the network's input.
    """

    def __init__(self, pictures: Sequence[Picture], width: int, height: int) -> None:
        self.images = np.full((len(pictures), height, width, 3), GREY, np.uint8)
        self.faces: list[Floats] = []
        self.scales: list[float] = []
        for canvas, picture in zip(self.images, pictures, strict=True):
            rows, columns = picture.image.shape[:2]
            scale = min(width / columns, height / rows)
            size = max(1, round(columns * scale)), max(1, round(rows * scale))
            canvas[: size[1], : size[0]] = cv2.resize(picture.image, size, interpolation=cv2.INTER_AREA)
            self.scales.append(scale)
            self.faces.append(moved(picture.faces, (scale, scale), (0, 0)))
        self.centres, self.strides = cells(width, height)

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """recall_masked, recall_bare at 0.1 false boxes a picture, the threshold there, and mask_state."""
        if not len(self.images):
            return {}
        found = self.detect(model)
        false, hits = [], []  # scores of false boxes; score, state and predicted state of each true face
        for faces, (boxes, scores, states) in zip(self.faces, found, strict=True):
            overlap = iou(faces[:, BOX], boxes) if len(faces) else np.zeros((0, len(boxes)), np.float32)
            free = overlap.max(axis=0, initial=0) <= MATCH
            large = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) >= LEAST
            false += scores[free & large].tolist()
            counted = (faces[:, KIND] == FACE) & (faces[:, STATE] >= 0) & (sides(faces) >= LEAST)
            for face in np.flatnonzero(counted):
                matched = np.where(overlap[face] > MATCH, scores, 0)
                best = int(matched.argmax()) if len(matched) else -1
                hit = best >= 0 and matched[best] > 0
                hits.append((matched[best] if hit else 0.0, faces[face, STATE], states[best] if hit else -1))
        allowed = int(FALSE_BOXES * len(self.images))
        threshold = sorted(false, reverse=True)[allowed] if len(false) > allowed else 0.05
        table = np.array(hits, np.float32).reshape(-1, 3)
        seen = table[:, 0] > threshold
        bare = table[:, 1] == MASK_STATES.index("no_mask")
        return {
            "recall_masked": _share(seen[~bare]),
            "recall_bare": _share(seen[bare]),
            "threshold": float(threshold),
            "mask_state": _share((table[:, 1] == table[:, 2])[seen]),
        }

    def detect(self, model: keras.Model) -> list[tuple[Floats, Floats, Floats]]:
        """Boxes [D, 4] in pixels of the network's input, scores and mask states of each picture."""
        found = []
        for start in range(0, len(self.images), 32):
            predictions = np.asarray(model.predict_on_batch(to_input(self.images[start : start + 32])))
            for rows in predictions:
                scores = 1 / (1 + np.exp(-rows[:, SCORE]))
                kept = np.argsort(-scores)[:200]
                kept = kept[scores[kept] > 0.05]
                distances = rows[kept, SIDES] * self.strides[kept, None]
                boxes = np.concatenate(
                    [self.centres[kept] - distances[:, :2], self.centres[kept] + distances[:, 2:]], axis=1
                )
                alive = suppress(boxes, scores[kept], OVERLAP)
                states = rows[kept, STATES].argmax(axis=1).astype(np.float32)
                found.append((boxes[alive], scores[kept][alive].astype(np.float32), states[alive]))
        return found


def _share(hits: np.ndarray) -> float:
    return float(hits.mean()) if len(hits) else 0.0
