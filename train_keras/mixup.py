"""Pairs of training faces laid over each other, and their targets with them.

Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", section 2.
"""

from __future__ import annotations

import numpy as np

from edge.types import Floats


def mix(
    faces: Floats, targets: dict[str, Floats], rng: np.random.Generator, alpha: float
) -> tuple[Floats, dict[str, Floats]]:
    """Every face with a share of another one of its batch; each keeps the larger part of itself.

    Args:
        faces: float32 [B, S, S, 1].
        targets: float32 [B, ...] each. All are mixed alike: distributions, maps and probabilities, and
            logits too, of which the mean of two is that of the geometric mean of both answers.
        alpha: of the Beta distribution that the shares are drawn from, above 0; the larger, the more even.
    """
    share = rng.beta(alpha, alpha, len(faces))
    share = np.maximum(share, 1 - share).astype(np.float32)
    partner = rng.permutation(len(faces))

    def mixed(array: Floats) -> Floats:
        own = share.reshape(-1, *[1] * (array.ndim - 1))
        return np.asarray(own * array + (1 - own) * array[partner], np.float32)

    return mixed(faces), {name: mixed(array) for name, array in targets.items()}
