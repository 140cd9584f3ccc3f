"""Groups of faces by what the pictures themselves show: how bright the skin is, how the head is held.

Nothing here tells groups of people: in a grey picture of 48 px brightness is light and exposure as much as
skin, and who is seen is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from edge.labels import LABELS
from edge.types import Floats, Image
from train_keras.conditions.scores import Estimate, Strict, share
from train_keras.data.faces import Rows

CHEEKS = ((1, 2, 3, 31, 39), (15, 14, 13, 35, 42))  # landmarks round either cheek, image left first
QUANTILES = 5
YAWS = (0.0, 0.05, 0.10, 0.20, np.inf)
ROLLS = (0.0, 5.0, 10.0, 20.0, np.inf)
Groups = list[tuple[str, str, npt.NDArray[np.bool_]]]  # what is looked at, its range, bool [N]


class Group(Strict):
    """Accuracy on one group of faces; shares, not per cent.

    Attributes:
        trait, range: what was looked at and in which range.
        on: "bare" or "masked".
        expected: accuracy it would have if each label were as hard in it as in all faces: some groups
            hold more happy faces than others.
    """

    trait: str
    range: str
    on: str
    faces: int
    seven: Estimate
    expected: float


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """
    Attributes:
        brightness: float [N], median grey level of the cheeks, 0 to 255.
        yaw: float [N], how far the tip of the nose stands beside the middle of the eyes, in distances
            between them; 0 is frontal.
        roll: float [N], degrees the line between the eyes leans.
    """

    brightness: Floats
    yaw: Floats
    roll: Floats


def look_at(images: Image, points: Floats) -> Looks:
    """Measure bare faces.

    Args:
        images: uint8 [N, S, S] grey.
        points: float [N, 68, 2].
    """
    left, right = points[:, 36:42].mean(1), points[:, 42:48].mean(1)
    across = right - left
    squared = np.maximum((across**2).sum(1), 1e-6)
    aside = ((points[:, 30] - (left + right) / 2) * across).sum(1) / squared
    roll = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    bright = np.array([_cheeks(image, marks) for image, marks in zip(images, points, strict=True)])
    return Looks(bright.astype(np.float32), aside.astype(np.float32), roll.astype(np.float32))


def group(looks: Looks, seen: npt.NDArray[np.bool_]) -> Groups:
    """Faces by brightness in quantiles, by yaw and by roll in fixed ranges, and by whether landmarks were
    found, bool [N] `seen`; those without are in no other group."""
    groups: Groups = []
    edges = np.quantile(looks.brightness[seen], np.linspace(0, 1, QUANTILES + 1))
    which = np.searchsorted(edges[1:-1], looks.brightness, "right")
    for place in range(QUANTILES):
        name = f"{edges[place]:.0f} to {edges[place + 1]:.0f}"
        groups.append(("brightness of the cheeks", name, seen & (which == place)))
    for trait, values, limits, unit in (
        ("yaw", np.abs(looks.yaw), YAWS, ""),
        ("roll", np.abs(looks.roll), ROLLS, "°"),
    ):
        for low, high in pairwise(limits):
            name = f"{low:g}{unit} and more" if np.isinf(high) else f"{low:g} to {high:g}{unit}"
            groups.append((trait, name, seen & (values >= low) & (values < high)))
    groups.append(("landmarks", "found", seen))
    groups.append(("landmarks", "none found", ~seen))
    return groups


def measure_groups(groups: Groups, on: str, probabilities: Floats, classes: Rows) -> list[Group]:
    """Accuracy of probabilities [N, 7] for labels [N] on every group that has faces."""
    right = probabilities.argmax(1) == classes
    counts = np.bincount(classes, minlength=len(LABELS))
    recall = np.bincount(classes, right, len(LABELS)) / np.maximum(counts, 1)
    return [
        Group(
            trait=trait,
            range=name,
            on=on,
            faces=int(chosen.sum()),
            seven=share(right[chosen]),
            expected=float(recall[classes[chosen]].mean()),
        )
        for trait, name, chosen in groups
        if chosen.any()
    ]


def _cheeks(image: Image, points: Floats) -> float:
    """The median grey level of both cheeks; of the whole crop where they lie outside it."""
    inside = np.zeros(image.shape, np.uint8)
    for cheek in CHEEKS:
        hull = cv2.convexHull(np.round(points[list(cheek)]).astype(np.int32))
        cv2.fillConvexPoly(inside, hull, 1)
    return float(np.median(image[inside > 0] if inside.any() else image))
