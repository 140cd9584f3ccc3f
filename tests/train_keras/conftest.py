"""Real faces for the training side's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from train_keras.data.faces import Faces
from train_keras.data.ferplus import read_ferplus


@pytest.fixture(scope="session")
def ferplus(shared: Path) -> Faces:
    return read_ferplus(shared / "fer2013.npz", shared / "ferplus.npz")
