"""How far a recall might be off by chance: pictures drawn again with replacement."""

from __future__ import annotations

import numpy as np

from edge.types import Floats
from train_keras.detection.evaluation.scores import Chosen, Tally

RESAMPLES, SHARE, SEED = 1000, 0.95, 7


def recall_interval(tally: Tally, threshold: float, chosen: Chosen) -> tuple[float, float]:
    """Bounds of the recall on the chosen faces; NaN where there are none."""
    return _bounds(_drawn(tally, tally.found >= threshold, chosen))


def gain_interval(
    ours: Tally, theirs: Tally, thresholds: tuple[float, float], chosen: Chosen
) -> tuple[float, float]:
    """Bounds of our recall less theirs; both are counted on the same drawn pictures.

    Args:
        ours, theirs: of the same scenes, so with the same faces.
        thresholds: ours and theirs.
        chosen: bool [T].
    """
    gain = (ours.found >= thresholds[0]).astype(int) - (theirs.found >= thresholds[1])
    return _bounds(_drawn(ours, gain, chosen))


def _drawn(tally: Tally, values: np.ndarray, chosen: Chosen) -> Floats:
    """Mean of values [T] over the chosen faces in each of the RESAMPLES drawn sets of pictures."""
    where = tally.where[chosen]
    totals = np.bincount(where, minlength=tally.pictures)
    sums = np.bincount(where, weights=values[chosen], minlength=tally.pictures)
    drawn = np.random.default_rng(SEED).integers(0, tally.pictures, (RESAMPLES, tally.pictures))
    with np.errstate(invalid="ignore"):  # a draw without any such face is 0/0 and left out
        return np.asarray(sums[drawn].sum(1) / totals[drawn].sum(1), np.float32)


def _bounds(values: Floats) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)
