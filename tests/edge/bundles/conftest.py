"""A small model as a bundle and as a .mien file."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_models import convert, write

from edge import bundles
from edge.bundles.archive import pack


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a good int8 bundle."""
    folder = tmp_path_factory.mktemp("small") / "bundle"
    return write(folder, convert(quantised=True), quantisation="int8")


@pytest.fixture(scope="session")
def shipped_file(bundle: bundles.Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, packed."""
    return pack(bundle.path, tmp_path_factory.mktemp("packed") / "shipped.mien")
