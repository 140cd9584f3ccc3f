"""A device's root folder to be set up, and the command on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from edge.cli import app

Setup = Callable[..., Result]


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """An empty root folder."""
    folder = tmp_path / "device"
    folder.mkdir()
    return folder


@pytest.fixture
def setup(device: Path) -> Setup:
    """Run `mien setup --yes` for the device, in this process; what it raises is in the result."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["setup", "--yes", "--root", str(device), *map(str, arguments)])

    return run
