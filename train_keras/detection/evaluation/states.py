"""Does the detector see whether a face wears a mask?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import confusion_matrix

from edge.labels import MASK_STATES
from edge.types import Face
from train_keras.data.faces import Rows
from train_keras.detection.evaluation.matching import NOBODY, match
from train_keras.detection.evaluation.scenes import Scene
from train_keras.detection.evaluation.scores import boxes_of


def state_confusion(scenes: Sequence[Scene], found: Sequence[Sequence[Face]], minimum: float) -> Rows | None:
    """Truth down, answer across, int64 [3, 3] over MASK_STATES; None when the detector tells no state.

    Args:
        found: for each scene the faces above the detector's threshold, the surest first; those on annotated
            faces of at least `minimum` pixels are asked.
    """
    pairs = [
        (state, MASK_STATES.index(answer))
        for scene, faces in zip(scenes, found, strict=True)
        for state, finder in zip(scene.states, _finders(scene, faces, minimum), strict=True)
        if finder != NOBODY and (answer := faces[finder].mask_state) is not None
    ]
    if not pairs:
        return None
    truth, answers = np.array(pairs, np.int64).T
    return np.asarray(confusion_matrix(truth, answers, labels=range(len(MASK_STATES))), np.int64)


def _finders(scene: Scene, faces: Sequence[Face], minimum: float) -> Rows:
    return match(scene.boxes, boxes_of(faces), minimum).finders
