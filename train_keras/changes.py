"""What training changed of a network that began with another's weights, in a tenth of its size or less.

Fine-tuning changes a large matrix mostly along a few directions: those are kept (a truncated singular value
decomposition), in 8 bits; everything else of the network is small and kept as it is. Which weights the
network began with is kept too, as a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import ConfigError
from edge.types import Floats

LARGE = 1 << 16  # weights of a matrix that is worth it
# What a ViT-S has room for in 3 MB. Fewer directions in 16 bits, or the signs of all changes, take
# as much and bring back fewer of its answers.
RANK = 40
STEPS = 127
BEGAN = "began"
Weights = Sequence[Floats | None]
Arrays = dict[str, npt.NDArray[Any]]


def pays(weights: Sequence[Floats]) -> bool:
    """Whether there is a matrix large enough; convolutions are kept whole and gain nothing."""
    return any(map(_large, weights))


def between(began: Weights, ended: Sequence[Floats]) -> Arrays:
    """The arrays that, with the weights a network began with, nearly give back those it ended with.

    Args:
        began: the weights before training, float32; None for those that began at random.
        ended: the same network's weights after it, in the same order.
    """
    arrays: Arrays = {BEGAN: np.array(_hash(began))}
    for number, (before, after) in enumerate(zip(began, ended, strict=True)):
        if before is not None and _large(before):
            arrays |= _factors(after - before, number)
        else:
            arrays[f"whole{number}"] = after.astype(np.float16)
    return arrays


def names(began: Weights) -> list[str]:
    """Of the arrays that `between` makes, in its order."""
    kinds = [
        ("left", "right", "sizes") if before is not None and _large(before) else ("whole",)
        for before in began
    ]
    return [BEGAN] + [f"{kind}{number}" for number, these in enumerate(kinds) for kind in these]


def apply(began: Weights, arrays: Arrays) -> list[Floats]:
    """The weights that a network ended with, float32, of the arrays that `between` made.

    Raises:
        ConfigError: it began with other weights than these.
        ValueError: an array has another size.
    """
    if str(arrays[BEGAN]) != _hash(began):
        raise ConfigError("it is kept as what training changed, and of another start than this one")
    return [_ended(before, arrays, number) for number, before in enumerate(began)]


def _factors(change: Floats, number: int) -> Arrays:
    """The change's first directions: int8 [in, r] and [r, out], and float32 [r] for the size of a step."""
    left, sizes, right = np.linalg.svd(change, full_matrices=False)
    left, sizes, right = left[:, :RANK], sizes[:RANK], right[:RANK]
    # Both sides have unit length; each direction's largest entry takes the last step.
    rows, columns = np.abs(left).max(0), np.abs(right).max(1)
    return {
        f"left{number}": np.rint(left / rows * STEPS).astype(np.int8),
        f"right{number}": np.rint(right / columns[:, None] * STEPS).astype(np.int8),
        f"sizes{number}": (sizes * rows * columns / STEPS**2).astype(np.float32),
    }


def _ended(before: Floats | None, arrays: Arrays, number: int) -> Floats:
    if before is None or not _large(before):
        return arrays[f"whole{number}"].astype(np.float32)
    left, right, sizes = (arrays[f"{side}{number}"].astype(np.float32) for side in ("left", "right", "sizes"))
    return (before + (left * sizes) @ right).astype(np.float32)


def _large(before: Floats) -> bool:
    return before.ndim == 2 and before.size >= LARGE


def _hash(began: Weights) -> str:
    """Of those that changes are told from: others may differ in a last bit from one processor to another."""
    digest = hashlib.sha256()
    for before in began:
        if before is not None and _large(before):
            digest.update(np.ascontiguousarray(before, np.float32).tobytes())
    return digest.hexdigest()
