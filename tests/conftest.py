"""What every folder of tests shares."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from train_keras.data.faces import Faces

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data sets beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "fer2013.npz").is_file():
        pytest.skip(f"{folder} holds no data sets; they are no part of the repository")
    return folder


@pytest.fixture(scope="session")
def ferplus(shared: Path) -> Faces:
    from train_keras.data.ferplus import read_ferplus

    return read_ferplus(shared / "fer2013.npz", shared / "ferplus.npz")


@pytest.fixture(scope="session")
def landmarks68() -> None:
    """For tests that paint masks."""
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("face_recognition_models (dlib's 68 points) is not installed: run `make train-env`")
