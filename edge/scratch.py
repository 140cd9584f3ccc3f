"""Memory for pictures on their way that nobody keeps."""

from __future__ import annotations

import math

import numpy as np

from edge.types import Image


class Scratch:
    """One piece of memory, used again and again; it grows to fit the largest picture. For one thread."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def picture(self, *shape: int) -> Image:
        """uint8 of a shape, whatever it holds; the next call takes it away again.

        >>> scratch = Scratch()
        >>> scratch.picture(4, 6).shape, scratch.picture(2, 3).base is scratch.picture(4, 6).base
        ((4, 6), True)
        """
        size = math.prod(shape)
        if size > self._memory.size:
            self._memory = np.empty(1 << (size - 1).bit_length(), np.uint8)
        return self._memory[:size].reshape(shape)
