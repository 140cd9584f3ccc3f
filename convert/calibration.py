"""Faces that show the quantiser the ranges it will meet, and the temperature that makes confidence honest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.data.faces import Faces, Rows
from train_keras.occlusion.kinds import Occlusion, occlude
from train_keras.occlusion.masked import Progress, find_landmarks, quiet
from train_keras.predicting import resize_crops


def representative_faces(
    faces: Faces,
    occlusions: Sequence[Occlusion],
    count: int,
    seed: int,
    side: int | None = None,
    progress: Progress = quiet,
) -> Iterator[Floats]:
    """Training faces of every class, bare and under every occlusion, float32 [1, side, side, 1].

    The first two hold the blackest and the whitest pixel, so that the input range is exactly the pixels'.

    Args:
        occlusions: what the network was trained with; bare faces come as often as each of them.
        seed: decides which faces, and how they are occluded.
        side: of the pictures; the faces' own by default.
    """
    rows, kinds = choose_strata(faces.classes, len(occlusions) + 1, count, seed)
    chosen = faces[rows]
    points = np.zeros((len(rows), 68, 2), np.float32)
    if kinds.any():
        points = find_landmarks(chosen.images, progress)[0]
    return _draw(chosen, points, kinds, occlusions, seed, side)


def choose_strata(classes: Rows, kinds: int, count: int, seed: int) -> tuple[Rows, Rows]:
    """Rows of every class in turn, and a kind for each, such that every class meets every kind alike.

    A class that has no more rows is passed over; no row comes twice.

    Args:
        classes: int64 [N].
        kinds: how many there are.
        count: rows wanted.
    Returns:
        Rows and kinds, int64 [count], or shorter where there are not as many rows.
    """
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(np.flatnonzero(classes == c)) for c in np.unique(classes)]
    # A class's first rows meet the kinds in turn; classes begin with different ones, so that few rows do too.
    pairs = [
        (turn, place, row, (turn + place) % kinds)
        for place, rows in enumerate(shuffled)
        for turn, row in enumerate(rows)
    ]
    pairs = sorted(pairs)[:count]
    return np.array([row for _, _, row, _ in pairs]), np.array([kind for *_, kind in pairs])


def fit_temperature(probabilities: Floats, targets: Floats) -> float:
    """The temperature that gives held-out targets the least cross-entropy (Guo et al. 2017).

    Args:
        probabilities: float [N, C] of the uncalibrated network; [V, N, C] where its answer is the mean over V
            views.
        targets: float [N, C] distributions.
    """
    grid = np.exp(np.linspace(np.log(0.4), np.log(3.0), 241))
    return float(
        grid[np.argmin([_cross_entropy(apply_temperature(probabilities, t), targets) for t in grid])]
    )


def apply_temperature(probabilities: Floats, temperature: float) -> Floats:
    """What the network would have said with its logits divided by the temperature: [N, C] of [N, C] or of
    [V, N, C]."""
    logits = np.log(np.clip(probabilities, 1e-7, 1)) / temperature
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    said = exponentials / exponentials.sum(-1, keepdims=True)
    return said.mean(0) if said.ndim > 2 else said


def fit_abstention(coarse: Floats, right: Image, accuracy: float) -> float:
    """The lowest confidence threshold above which held-out coarse answers reach an accuracy.

    Args:
        coarse: float [N, 5] calibrated probabilities.
        right: bool [N], whether the strongest of them is the crowd's.
        accuracy: the share of kept answers that must be right.
    """
    confidence = coarse.max(1)
    for threshold in np.arange(0.2, 0.95, 0.01):
        kept = confidence >= threshold
        if kept.any() and right[kept].mean() >= accuracy:
            return float(round(threshold, 2))
    return 0.95


def _draw(
    chosen: Faces, points: Floats, kinds: Rows, occlusions: Sequence[Occlusion], seed: int, side: int | None
) -> Iterator[Floats]:
    for number, (image, marks, kind) in enumerate(zip(chosen.images, points, kinds, strict=True)):
        if kind:
            rng = np.random.default_rng((seed, number))
            image = occlude(image, marks, occlusions[kind - 1], rng)[0]
        image = resize_crops(image[None], side or len(image))[0].copy()
        if number < 2:
            image[0, 0], image[0, 1] = 0, 255
        yield scale_pixels(image[None])


def _cross_entropy(probabilities: Floats, targets: Floats) -> float:
    return float(-(targets * np.log(np.clip(probabilities, 1e-12, 1))).sum(1).mean())
