"""Seven labels merged into fewer."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from edge.labels import COARSE, LABELS, VALENCE
from edge.types import Floats, coarsen
from train_keras.data.faces import Faces

_VALENCE_OF = {"happy": "positive", "neutral": "neutral"}  # all others: negative
VALENCE_INDEX = tuple(VALENCE.index(_VALENCE_OF.get(label, "negative")) for label in LABELS)


def merge(faces: Faces, labels: Literal["seven", "five", "three"]) -> Faces:
    """Sum the targets of labels that become one.

    A face's class is the largest sum, so votes split between two merged labels count together.

    Args:
        faces: with the seven labels.
        labels: "seven" changes nothing; "five" are `edge.labels.COARSE`; "three" are `edge.labels.VALENCE`,
            where happy is positive, neutral neutral, and the rest negative, surprise too.
    Raises:
        ValueError: another number of labels, or faces that are merged already.
    """
    if faces.labels != LABELS:
        raise ValueError(
            f"faces with the labels {', '.join(faces.labels)} cannot be merged: read them with all seven"
        )
    if labels == "seven":
        return faces
    if labels == "five":
        return replace(faces, targets=coarsen(faces.targets), labels=COARSE)
    if labels == "three":
        return replace(faces, targets=_valences(faces.targets), labels=VALENCE)
    raise ValueError(f"labels '{labels}': choose seven, five or three")


def _valences(targets: Floats) -> Floats:
    return targets @ np.eye(len(VALENCE), dtype=np.float32)[list(VALENCE_INDEX)]
