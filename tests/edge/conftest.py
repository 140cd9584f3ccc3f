"""What the device's tests share: the shipped clip and model, and the real command line."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edge import bundles
from edge.bundles import Bundle
from edge.cameras.demo import CLIP
from edge.cameras.file import FileCamera
from edge.types import Image

ROOT = Path(__file__).parents[2]
SLIM = bundles.SHIPPED / bundles.DEFAULT_MODEL
Mien = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", autouse=True)
def _reloads_are_heard() -> None:
    """Started by nohup, a process ignores SIGHUP, and so would the daemons it starts."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def clip() -> Path:
    if not CLIP.is_file():
        pytest.skip(f"{CLIP} is not made yet")
    return CLIP


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    if not SLIM.is_dir():
        pytest.skip(f"{SLIM} is not made yet")
    return bundles.load(bundles.DEFAULT_MODEL)


@pytest.fixture(scope="session")
def images(clip: Path) -> list[Image]:
    """Every eighth frame of the clip."""
    camera = FileCamera(clip)
    frames = itertools.takewhile(bool, iter(camera.read, None))
    return [frame.image for frame in itertools.islice(frames, 0, None, 8) if frame is not None]


@pytest.fixture(scope="session")
def short_clip(images: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 12 frames."""
    path = tmp_path_factory.mktemp("clips") / "short.avi"
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (width, height))
    for image in itertools.islice(itertools.cycle(images), 12):
        writer.write(image)
    writer.release()
    return path


@pytest.fixture
def photos(images: list[Image], tmp_path: Path) -> Path:
    """A folder with a.png, b.png, c/d.png and a damaged bad.jpg."""
    folder = tmp_path / "photos"
    (folder / "c").mkdir(parents=True)
    for name, image in zip(("a.png", "b.png", "c/d.png"), images, strict=False):
        cv2.imwrite(str(folder / name), image)
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    return folder


@pytest.fixture(scope="session")
def mien() -> Mien:
    """Run the command line to its end: mien("run", "--camera", "demo")."""

    def call(
        *arguments: object, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edge.cli", *map(str, arguments)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )

    return call
