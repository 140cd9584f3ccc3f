"""From what a model says of a face to an answer that is as often right as it claims."""

from __future__ import annotations

import numpy as np

from edge.bundles import Calibration
from edge.types import Expression, Floats, coarsen

BARE = "no_mask"


def to_expression(
    probabilities: Floats, calibration: Calibration, mask_state: str | None = None
) -> Expression:
    """The answer, and whether even the surest of the coarse five is too weak to stand behind.

    Args:
        probabilities: float32 [7].
        mask_state: one of `labels.MASK_STATES`; None where nothing is known, which counts as a bare face.
    """
    if mask_state not in (None, BARE):
        probabilities = soften(probabilities, calibration.masked)
    return Expression(probabilities, bool(coarsen(probabilities).max() < calibration.abstain_below))


def soften(probabilities: Floats, temperature: float) -> Floats:
    """What a model would say with its logits divided by a temperature: float32 [..., C], each row's sum 1.

    >>> soften(np.float32([0.8, 0.2]), 2.0).round(3).tolist()
    [0.6669999957084656, 0.3330000042915344]
    """
    if temperature == 1:
        return probabilities
    softened = probabilities ** np.float32(1 / temperature)
    return np.asarray(softened / softened.sum(-1, keepdims=True), np.float32)
