"""How good probabilities are: merged labels, ROC, calibration, and an accuracy's interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from sklearn.metrics import auc, roc_curve

from edge.labels import COARSE, COARSE_INDEX, LABELS, VALENCE
from edge.types import Floats, coarsen
from train_keras.data.faces import Rows
from train_keras.data.merging import VALENCE_INDEX

Scheme = Literal["seven", "five", "three"]
SCHEMES: dict[Scheme, tuple[str, ...]] = {"seven": LABELS, "five": COARSE, "three": VALENCE}

BINS = 15
LEVEL = 0.95
DRAWS = 2000


def scheme_of(probabilities: Floats) -> Scheme:
    """Which labels probabilities [N, C] stand for, told by C.

    Raises:
        ValueError: they are neither seven, five nor three.
    """
    if probabilities.ndim == 2:
        for scheme, labels in SCHEMES.items():
            if probabilities.shape[1] == len(labels):
                return scheme
    counts = ", ".join(str(len(labels)) for labels in SCHEMES.values())
    raise ValueError(f"probabilities have shape {probabilities.shape}: expected [faces, one of {counts}]")


def merge(probabilities: Floats, classes: Rows, scheme: Scheme) -> tuple[Floats, Rows]:
    """Seven-way probabilities [N, 7] and labels [N] in fewer classes, by summing: float32 [N, C], int64 [N].

    The valences are those of `train_keras.data.merging`. A label goes with its group; where votes were
    merged before the majority was taken, a few faces have another label.

    Raises:
        ValueError: the probabilities are not seven-way, and not of the wanted scheme already.
    """
    have = scheme_of(probabilities)
    if have == scheme:
        return probabilities, classes
    if have != "seven":
        raise ValueError(f"{have}-way probabilities cannot be merged into {scheme}: only seven-way ones can")
    if scheme == "five":
        return coarsen(probabilities), np.asarray(COARSE_INDEX)[classes]
    three = np.zeros((len(probabilities), len(VALENCE)), np.float32)
    for label, valence in enumerate(VALENCE_INDEX):
        three[:, valence] += probabilities[:, label]
    return three, np.asarray(VALENCE_INDEX)[classes]


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """One-vs-rest ROC curves; a class that is absent, or all there is, has none.

    Attributes:
        curves: per class float [K, 2], false and true positive rates from (0, 0) to (1, 1); None without one.
        areas: float [C] under the curves; NaN without one.
    """

    curves: tuple[Floats | None, ...]
    areas: npt.NDArray[np.float64]

    @property
    def macro(self) -> float:
        """Mean area over the classes that have a curve; NaN when none has."""
        known = self.areas[np.isfinite(self.areas)]
        return float(known.mean()) if len(known) else float("nan")


def roc(probabilities: Floats, classes: Rows) -> Roc:
    """ROC of each class against the rest, for probabilities [N, C] and labels [N]."""
    _check(probabilities, classes)
    curves: list[Floats | None] = []
    areas = np.full(probabilities.shape[1], np.nan)
    for label in range(probabilities.shape[1]):
        truth = classes == label
        if truth.all() or not truth.any():
            curves.append(None)
            continue
        false, true, _ = roc_curve(truth, probabilities[:, label])
        curves.append(np.stack([false, true], 1).astype(np.float32))
        areas[label] = auc(false, true)
    return Roc(tuple(curves), areas)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Confidence (the top probability) against accuracy, in equal-width bins over 0 to 1.

    Attributes:
        counts: int64 [B], answers in each bin.
        confidence, accuracy: float64 [B], their means; NaN in empty bins.
    """

    counts: Rows
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: the gap of each bin weighted by its answers (Guo et al., "On
        Calibration of Modern Neural Networks", 2017, equation 3)."""
        return float(self._mean(np.abs(self.confidence - self.accuracy)))

    @property
    def overconfidence(self) -> float:
        """Mean confidence less accuracy: above 0 the model claims more than it keeps."""
        return float(self._mean(self.confidence - self.accuracy))

    def _mean(self, gaps: npt.NDArray[np.float64]) -> float:
        full = self.counts > 0
        return float(np.average(gaps[full], weights=self.counts[full]))


def calibration(probabilities: Floats, classes: Rows, bins: int = BINS) -> Calibration:
    """Bin answers, probabilities [N, C] and labels [N], by confidence; a bin holds its upper edge."""
    _check(probabilities, classes)
    confidence = probabilities.max(1).astype(np.float64)
    correct = probabilities.argmax(1) == classes
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):  # an empty bin is 0/0
        return Calibration(
            counts=counts,
            confidence=np.bincount(index, confidence, bins) / counts,
            accuracy=np.bincount(index, correct, bins) / counts,
        )


def wilson(correct: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson, 1927), for faces that are independent of each other.

    >>> low, high = wilson(81, 100)
    >>> round(low, 4), round(high, 4)
    (0.7222, 0.8749)
    """
    if not 0 <= correct <= total or total < 1:
        raise ValueError(f"{correct} correct of {total}: expected 0 <= correct <= total and total >= 1")
    z = float(norm.ppf((1 + level) / 2))
    share, spread = correct / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / total + spread / (4 * total))
    return _around(share, float(middle - half), float(middle + half))


def bootstrap(
    correct: npt.NDArray[np.bool_],
    identities: npt.NDArray[np.str_],
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of an accuracy where one person shows several faces: people are drawn.

    Args:
        correct: bool [N], whether each face was answered right.
        identities: str [N], who is seen.
    """
    if len(correct) != len(identities) or not len(correct):
        raise ValueError(
            f"{len(correct)} answers and {len(identities)} identities: expected as many, and some"
        )
    _, who = np.unique(identities, return_inverse=True)
    totals, right = np.bincount(who), np.bincount(who, correct)
    drawn = np.random.default_rng(seed).integers(0, len(totals), (draws, len(totals)))
    shares = right[drawn].sum(1) / totals[drawn].sum(1)
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return _around(float(correct.mean()), float(low), float(high))


def _around(share: float, low: float, high: float) -> tuple[float, float]:
    """Bounds within 0 to 1 that hold the share itself, which rounding may leave just outside."""
    return max(min(low, share), 0.0), min(max(high, share), 1.0)


def _check(probabilities: Floats, classes: Rows) -> None:
    if probabilities.ndim != 2 or classes.shape != (len(probabilities),) or not len(classes):
        raise ValueError(
            f"probabilities {probabilities.shape} and labels {classes.shape}: expected [N, C] and [N], N > 0"
        )
    if classes.min() < 0 or classes.max() >= probabilities.shape[1]:
        raise ValueError(
            f"labels from {classes.min()} to {classes.max()}: expected 0 to {probabilities.shape[1] - 1}"
        )
