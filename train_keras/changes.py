"""What training changed of a network that began with another's weights, at about one bit a weight.

A large matrix is kept as the signs of its changes and, for each of its outputs, their mean size; everything
else is small and kept as it is. Which weights the network began with is kept too, as a hash.

Source: Liu et al., "BitDelta: Your Fine-Tune May Only Be Worth One Bit" (2024), section 3.1, with a size for
each output instead of one for the matrix.
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
BEGAN = "began"
Weights = Sequence[Floats | None]
Arrays = dict[str, npt.NDArray[Any]]


def between(began: Weights, ended: Sequence[Floats]) -> Arrays:
    """The arrays that, with the weights a network began with, give back those it ended with.

    Args:
        began: the weights before training, float32; None for those that began at random.
        ended: the same network's weights after it, in the same order.
    """
    arrays: Arrays = {BEGAN: np.array(_hash(began))}
    for number, (before, after) in enumerate(zip(began, ended, strict=True)):
        if before is not None and _signed(before):
            change = after - before
            arrays[f"signs{number}"] = np.packbits(change > 0)
            arrays[f"sizes{number}"] = np.abs(change).mean(0).astype(np.float16)
        else:
            arrays[f"whole{number}"] = after.astype(np.float16)
    return arrays


def names(began: Weights) -> list[str]:
    """Of the arrays that `between` makes, in its order."""
    kinds = [("signs", "sizes") if before is not None and _signed(before) else ("whole",) for before in began]
    return [BEGAN] + [f"{kind}{number}" for number, pair in enumerate(kinds) for kind in pair]


def apply(began: Weights, arrays: Arrays) -> list[Floats]:
    """The weights that a network ended with, float32, of the arrays that `between` made.

    Raises:
        ConfigError: it began with other weights than these.
        ValueError: an array has another size or type.
    """
    if str(arrays[BEGAN]) != _hash(began):
        raise ConfigError("it is kept as what training changed, and of another start than this one")
    return [_ended(before, arrays, number) for number, before in enumerate(began)]


def _ended(before: Floats | None, arrays: Arrays, number: int) -> Floats:
    if before is None or not _signed(before):
        return arrays[f"whole{number}"].astype(np.float32)
    signs = arrays[f"signs{number}"]
    if signs.dtype != np.uint8 or signs.shape != (-(-before.size // 8),):
        raise ValueError(f"signs{number} is {signs.dtype} {signs.shape}, for a matrix {before.shape}")
    grew = np.unpackbits(signs, count=before.size).reshape(before.shape).astype(bool)
    sizes = arrays[f"sizes{number}"].astype(np.float32)
    return before + np.where(grew, sizes, -sizes)


def _signed(before: Floats) -> bool:
    return before.ndim == 2 and before.size >= LARGE


def _hash(began: Weights) -> str:
    """Of those that changes are told from: others may differ in a last bit from one processor to another."""
    digest = hashlib.sha256()
    for before in began:
        if before is not None and _signed(before):
            digest.update(np.ascontiguousarray(before, np.float32).tobytes())
    return digest.hexdigest()
