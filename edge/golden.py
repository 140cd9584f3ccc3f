"""What an expression model is known to answer to a few faces, so that a device can check that its runtime
computes alike.

An expression model's `golden.npz` holds
    inputs: uint8 [N, S, S], the faces,
    probabilities: float32 [N, 7], the answers.
A detector's is told of in `edge.detectors.golden`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundles import Bundle
from edge.bundles.golden import golden_arrays
from edge.classifier import Classifier
from edge.errors import ModelCorruptError
from edge.labels import LABELS

TOLERANCE = 0.02  # of a probability; int8 kernels round differently from processor to processor


@dataclass(frozen=True, slots=True)
class Comparison:
    """Answers as they are against answers as they should be.

    Attributes:
        faces: looked at, at least one.
        difference: largest of a probability; infinite where an answer is no number.
        same: whether each face's label is the expected one.
    """

    faces: int
    difference: float
    same: bool

    def within(self, tolerance: float) -> bool:
        return self.same and self.difference <= tolerance

    def __str__(self) -> str:
        other = "" if self.same else ", another label"
        return f"{self.faces} faces, largest difference {self.difference:.4f}{other}"


def compare_golden(bundle: Bundle, golden: Mapping[str, npt.NDArray[Any]], threads: int = 1) -> Comparison:
    """Classify the faces of a `golden.npz` again on this machine.

    Raises:
        ModelCorruptError: the model cannot be run.
        KeyError, ValueError: the arrays are not those of an expression model's golden.npz.
    """
    inputs, expected = golden["inputs"], golden["probabilities"]
    size = bundle.manifest.input.size
    if inputs.dtype != np.uint8 or inputs.shape != (len(inputs), size, size) or not len(inputs):
        raise ValueError(f"inputs are {inputs.dtype} {inputs.shape}, not uint8 faces of {size} pixels")
    if expected.shape != (len(inputs), len(LABELS)) or not np.isfinite(expected).all():
        raise ValueError(f"probabilities are {expected.shape}, not {len(LABELS)} numbers a face")
    answers = Classifier(bundle, threads).classify(inputs)
    if not np.isfinite(answers).all():
        return Comparison(len(inputs), float("inf"), False)
    same = bool((answers.argmax(axis=1) == expected.argmax(axis=1)).all())
    return Comparison(len(inputs), float(np.abs(answers - expected).max()), same)


def check_golden(bundle: Bundle, threads: int = 1) -> None:
    """Let a model answer its golden inputs.

    Raises:
        ModelCorruptError: it cannot be run, its golden.npz is damaged, or it answers otherwise than it
            should.
    """
    with golden_arrays(bundle) as golden:
        comparison = compare_golden(bundle, golden, threads)
    if not comparison.within(TOLERANCE):
        raise ModelCorruptError(
            f"{bundle.path} answers its golden inputs wrongly ({comparison}): install another version"
        )
