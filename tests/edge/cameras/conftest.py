"""What the cameras' tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from mjpeg_server import MjpegServer
from watching import FAKES, ROOT


@pytest.fixture(autouse=True)
def _same_code_in_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras' processes take this checkout, and find the stand-in for picamera2."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(FAKES))))


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer() as server:
        yield server
