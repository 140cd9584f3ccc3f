"""Is one model better than another, or was it luck? McNemar's test on the same faces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import binomtest, chi2

from train_keras.predictions import Predictions, require_same_faces

# Below this many discordant pairs chi-square is a poor approximation of the binomial distribution.
EXACT_BELOW = 25


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same faces.

    Attributes:
        first, second: names of the models.
        faces: how many both answered.
        only_first, only_second: the discordant counts, faces that only this one answered right.
        p: two-sided probability of so uneven discordant counts if both were equally good.
        adjusted: p, corrected for the number of comparisons it was made among.
    """

    first: str
    second: str
    faces: int
    only_first: int
    only_second: int
    p: float
    adjusted: float

    @property
    def exact(self) -> bool:
        """Whether p is the exact binomial one."""
        return self.only_first + self.only_second < EXACT_BELOW

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, as a share."""
        return (self.only_first - self.only_second) / self.faces


def mcnemar(only_first: int, only_second: int) -> float:
    """p of McNemar's test (1947) from the discordant counts; 1 when there are none.

    Exact binomial for fewer than EXACT_BELOW discordant pairs, else chi-square with one degree of freedom and
    Edwards's continuity correction (1948).
    """
    if only_first < 0 or only_second < 0:
        raise ValueError(f"discordant counts {only_first} and {only_second}: expected none below 0")
    discordant = only_first + only_second
    if not discordant:
        return 1.0
    if discordant < EXACT_BELOW:
        return float(binomtest(only_first, discordant, 0.5).pvalue)
    gap = max(abs(only_first - only_second) - 1, 0)
    return float(chi2.sf(gap**2 / discordant, 1))


def compare(first: Predictions, second: Predictions) -> Comparison:
    """Compare two models' answers.

    Raises:
        DataError: they are about different faces or labels.
    """
    require_same_faces(first, second)
    right, other = (p.probabilities.argmax(1) == p.classes for p in (first, second))
    only_first, only_second = int((right & ~other).sum()), int((other & ~right).sum())
    p = mcnemar(only_first, only_second)
    return Comparison(first.model, second.model, len(first), only_first, only_second, p, p)


def compare_all(predictions: Iterable[Predictions]) -> list[Comparison]:
    """Every pair, least p first, `adjusted` by Holm's step-down method (1979).

    Raises:
        DataError: they are not all about the same faces and labels.
    """
    found = sorted((compare(*pair) for pair in combinations(predictions, 2)), key=lambda c: c.p)
    adjusted = np.maximum.accumulate([min(c.p * (len(found) - i), 1.0) for i, c in enumerate(found)])
    return [
        Comparison(c.first, c.second, c.faces, c.only_first, c.only_second, c.p, float(p))
        for c, p in zip(found, adjusted, strict=True)
    ]
