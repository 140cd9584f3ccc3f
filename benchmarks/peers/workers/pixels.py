"""Pictures from the files that the run wrote."""

from __future__ import annotations

from typing import Any

import numpy as np


def read_faces(path: str, channels: int) -> Any:
    """Faces as mien's float networks take them, float32 [N, S, S, C] from -1 to 1, of uint8 [N, S, S]."""
    faces = np.load(path).astype(np.float32)[..., np.newaxis] / 128 - 1
    return np.repeat(faces, channels, axis=3)


def read_frames(path: str) -> Any:
    """uint8 [N, H, W, 3] of a .npy file, shared by all; a plain array, as indexing a memmap costs more."""
    return np.asarray(np.load(path, mmap_mode="r"))
