"""What is measured of answers in one condition, each share with its interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from edge.labels import LABELS
from edge.types import Floats, coarsen
from train_keras.data.faces import Rows
from train_keras.measures import DRAWS, LEVEL, calibration, merge, wilson

_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Estimate(Strict):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


class Row(Strict):
    """One condition on one set of faces; shares, not per cent.

    Attributes:
        family, name, severity: as in `steps.Step`.
        on: the faces that were changed: "bare", or "masked" by the standard test's masks.
        faces: how many were answered.
        seven, five: accuracy with all labels and with the coarse five, Wilson's interval.
        gain: of five over seven on the same faces, interval by drawing faces.
        answered: share that a bundle answers, the rest is below its threshold; None without one.
        kept: seven-way accuracy among the answered; None without any.
        error: expected calibration error, 15 equal-width bins, seven labels.
        recall: of each of `edge.labels.LABELS`; None where there is no such face.
        covered: mean share of the crop that is hidden; None where nothing is.
    """

    family: str
    name: str
    severity: float | None
    on: str
    faces: int
    seven: Estimate
    five: Estimate
    gain: Estimate
    answered: float | None
    kept: Estimate | None
    error: float
    recall: tuple[Estimate | None, ...]
    covered: float | None = None


def measure(
    family: str,
    name: str,
    severity: float | None,
    on: str,
    probabilities: Floats,
    classes: Rows,
    abstain_below: float | None,
    covered: float | None = None,
) -> Row:
    """Score seven-way probabilities [N, 7] against labels [N]; the rest as in `Row`."""
    right = probabilities.argmax(1) == classes
    coarse, groups = merge(probabilities, classes, "five")
    right_five = coarse.argmax(1) == groups
    answered = None if abstain_below is None else coarse.max(1) >= abstain_below
    return Row(
        family=family,
        name=name,
        severity=severity,
        on=on,
        faces=len(classes),
        seven=share(right),
        five=share(right_five),
        gain=mean_difference(right_five, right),
        answered=None if answered is None else float(answered.mean()),
        kept=None if answered is None or not answered.any() else share(right[answered]),
        error=calibration(probabilities, classes).error,
        recall=tuple(
            share(right[classes == label]) if (classes == label).any() else None
            for label in range(len(LABELS))
        ),
        covered=covered,
    )


def share(right: npt.NDArray[np.bool_]) -> Estimate:
    """The share of bool [N] that is true, N > 0, and Wilson's interval."""
    low, high = wilson(int(right.sum()), len(right))
    return Estimate(value=float(right.mean()), low=low, high=high)


def mean_difference(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """How much more often bool [N] `first` is true than `second` on the same faces; percentile bootstrap."""
    won, lost = int((first & ~second).sum()), int((second & ~first).sum())
    count = len(first)
    # Drawing faces with replacement draws how many of them are won, lost and neither.
    drawn = np.random.default_rng(seed).multinomial(
        count, np.array([won, lost, count - won - lost]) / count, draws
    )
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / count, _TAILS)
    value = (won - lost) / count
    return _estimate(value, float(low), float(high))


def _estimate(value: float, low: float, high: float) -> Estimate:
    """With bounds that hold the value itself, which drawing may leave outside."""
    return Estimate(value=value, low=min(low, value), high=max(high, value))


class Reliability(Strict):
    """Calibration of seven-way answers in one condition.

    Attributes:
        error: expected calibration error; drawing faces finds more of it than there is, which the
            interval does too.
        overconfidence: mean confidence less accuracy.
        counts, confidence, accuracy: per bin of equal width, None in empty ones.
    """

    name: str
    error: Estimate
    overconfidence: float
    counts: tuple[int, ...]
    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]


def measure_reliability(
    name: str, probabilities: Floats, classes: Rows, draws: int = 500, seed: int = 0
) -> Reliability:
    """Calibration of probabilities [N, 7] for labels [N]; the error's interval by drawing faces."""
    found = calibration(probabilities, classes)
    picks = np.random.default_rng(seed).integers(0, len(classes), (draws, len(classes)))
    errors = [calibration(probabilities[pick], classes[pick]).error for pick in picks]
    low, high = np.quantile(errors, _TAILS)
    return Reliability(
        name=name,
        error=_estimate(found.error, float(low), float(high)),
        overconfidence=found.overconfidence,
        counts=tuple(int(count) for count in found.counts),
        confidence=_known(found.confidence),
        accuracy=_known(found.accuracy),
    )


def _known(values: npt.NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)


class Abstention(Strict):
    """Accuracy among the answered against the share that is answered, the surest faces first.

    Sureness is the coarse probability, by which bundles abstain.

    Attributes:
        coverage: shares answered, 0.05 to 1.
        seven, five: accuracy among the answered.
        threshold: the bundle's own; `answered`, `kept` (seven labels) and `kept_five` hold at it.
    """

    name: str
    coverage: tuple[float, ...]
    seven: tuple[float, ...]
    five: tuple[float, ...]
    threshold: float | None
    answered: Estimate | None
    kept: Estimate | None
    kept_five: Estimate | None


def measure_abstention(
    name: str, probabilities: Floats, classes: Rows, abstain_below: float | None, steps: int = 20
) -> Abstention:
    """Risk and coverage of probabilities [N, 7] for labels [N]."""
    coarse = coarsen(probabilities)
    right = probabilities.argmax(1) == classes
    right_five = coarse.argmax(1) == merge(probabilities, classes, "five")[1]
    sure = coarse.max(1)
    order = np.argsort(-sure, kind="stable")
    counts = [max(1, round(len(classes) * step / steps)) for step in range(1, steps + 1)]
    curves = [tuple(float(r[order[:count]].mean()) for count in counts) for r in (right, right_five)]
    answered = None if abstain_below is None else sure >= abstain_below
    some = answered is not None and bool(answered.any())
    return Abstention(
        name=name,
        coverage=tuple(count / len(classes) for count in counts),
        seven=curves[0],
        five=curves[1],
        threshold=abstain_below,
        answered=None if answered is None else share(answered),
        kept=share(right[answered]) if some else None,
        kept_five=share(right_five[answered]) if some else None,
    )
