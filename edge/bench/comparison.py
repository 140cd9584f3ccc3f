"""Two runs beside each other: is the second faster, slower, or is no difference shown?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bench.document import Document, Result
from edge.errors import NotABenchmarkError

DRAWS = 1000
INTERVAL = (2.5, 97.5)  # percentiles of the draws
SEED = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A result of both runs.

    Attributes:
        first, second: medians in seconds.
        ratio: of the second to the first; below 1 the second is faster.
        low, high: between which the ratio lies with 95 % confidence, as far as one run can tell.
        clean: whether both are.
    """

    name: str
    first: float
    second: float
    ratio: float
    low: float
    high: float
    clean: bool

    @property
    def word(self) -> str:
        """What the second run is."""
        if self.low <= 1 <= self.high:
            return "no difference shown"
        return ("faster" if self.high < 1 else "slower") + ("" if self.clean else "?")


def compare(first: Document, second: Document) -> list[Difference]:
    """What both runs measured, in the order of the first.

    Raises:
        NotABenchmarkError: they measured nothing in common.
    """
    others = {result.name: result for result in second.results}
    shared = [(result, others[result.name]) for result in first.results if result.name in others]
    if not shared:
        raise NotABenchmarkError(
            f"nothing to compare: one file is of 'mien bench {first.command}', the other of "
            f"'mien bench {second.command}'; give two of the same kind"
        )
    return [_difference(one, other) for one, other in shared]


def warnings(first: Document, second: Document) -> Iterator[str]:
    """Why the two may not be comparable, in words."""
    for key, one in first.machine:
        other = getattr(second.machine, key)
        if one != other:
            yield f"the machines differ in {key.replace('_', ' ')}: {one} and {other}"
    for package in sorted({*first.versions, *second.versions}):
        versions = first.versions.get(package, "none"), second.versions.get(package, "none")
        if versions[0] != versions[1]:
            yield f"the versions of {package} differ: {versions[0]} and {versions[1]}"
    for letter, document in (("A", first), ("B", second)):
        if not document.clean:
            yield f"{letter} is not clean, so a ? may be the machine's doing: {'; '.join(document.reasons)}"
        if any(result.short for result in document.results):
            yield f"{letter} is a short run"
    others = {result.name: result for result in second.results}
    for result in first.results:
        if result.name not in others:
            yield f"only A has '{result.name}'"
        else:
            yield from _unlike(result, others[result.name])
    for name in others.keys() - {result.name for result in first.results}:
        yield f"only B has '{name}'"


def _unlike(one: Result, other: Result) -> Iterator[str]:
    for what, a, b in (("models", one.model, other.model), ("detectors", one.detector, other.detector)):
        if a != b:
            names = [
                "none" if model is None else f"{model.name} {model.version} {(model.sha256 or '?')[:12]}"
                for model in (a, b)
            ]
            yield f"'{one.name}': the {what} differ: {names[0]} and {names[1]}"
    for key in ("longest_side", "interval", "model_threads", "vision_threads"):
        if getattr(one, key) != getattr(other, key):
            what = key.replace("_", " ")
            yield f"'{one.name}': {what} differs: {getattr(one, key)} and {getattr(other, key)}"
    seen = [
        None if result.pictures is None else result.pictures.model_dump(exclude={"faces_per_frame"})
        for result in (one, other)
    ]
    if seen[0] != seen[1]:
        yield f"'{one.name}': they looked at different frames"


def _difference(one: Result, other: Result) -> Difference:
    draws = np.random.default_rng(SEED)
    first, second = (resampled_medians(result.timing.samples_seconds, draws) for result in (one, other))
    low, high = np.percentile(second / first, INTERVAL)
    medians = one.timing.latency_seconds.p50, other.timing.latency_seconds.p50
    clean = one.clean and other.clean
    return Difference(one.name, *medians, medians[1] / medians[0], float(low), float(high), clean)


def resampled_medians(
    samples: Sequence[float], draws: np.random.Generator, count: int = DRAWS
) -> npt.NDArray[np.float64]:
    """Medians of the samples drawn anew, float64 [count].

    Drawn in blocks of neighbours: calls next to each other are alike, when a machine gets warmer for example,
    and drawn one by one they would promise more than they know.

    Args:
        samples: in the order of time.
    """
    values = np.asarray(samples, np.float64)
    length = max(1, math.isqrt(len(values)))
    blocks = -(-len(values) // length)
    medians = np.empty(count)
    for number in range(count):
        begins = draws.integers(0, len(values) - length + 1, blocks)
        chosen = (begins[:, np.newaxis] + np.arange(length)).ravel()[: len(values)]
        medians[number] = np.median(values[chosen])
    return medians
