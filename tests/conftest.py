"""What every folder of tests shares."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data sets beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "fer2013.npz").is_file():
        pytest.skip(f"{folder} holds no data sets; they are no part of the repository")
    return folder
