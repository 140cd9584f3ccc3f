"""A few seconds through one camera: a picture, its faces, and how fast pictures come."""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass

from rich.console import Console

from edge.detectors import Detector
from edge.errors import CameraMissingError
from edge.outputs.halfblock import cells, picture
from edge.settings import CameraConfig
from edge.setup.tilt import find_lean
from edge.sources import open_source
from edge.types import Face, Frame, Image

SECONDS = 2.0
WIDEST = 64  # columns of the drawn picture
BELOW = 8  # lines left for the words below it
FRAME = (255, 195, 74)  # colour of the boxes


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was seen.

    Attributes:
        image: uint8 [H, W, 3] BGR, the picture with most faces.
        faces: in that picture, the surest first.
        fps: pictures a second; None where only one came.
        lean: of the first face, as `tilt.find_lean` tells; None where it cannot be told.
    """

    image: Image
    faces: list[Face]
    fps: float | None
    lean: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def words(self) -> str:
        """Size, frame rate and faces in one line."""
        count = len(self.faces)
        people = "nobody" if count == 0 else "1 face" if count == 1 else f"{count} faces"
        pace = "" if self.fps is None else f", {self.fps:.0f} pictures a second"
        return f"{self.size[0]}x{self.size[1]}{pace}, {people} in view"


def look_through(config: CameraConfig, detector: Detector, seconds: float = SECONDS) -> Look:
    """Open a camera, watch it for so many seconds, and close it.

    Args:
        config: user and password stand in its address or its login file.
    Raises:
        InputError: it cannot be opened, or gives no pictures.
    """
    source = open_source(None, config, True, lambda event: None, patient=False)
    until = time.monotonic() + seconds
    first = last = None
    best: tuple[Frame, list[Face]] | None = None
    for frame in source.frames(lambda: time.monotonic() >= until):
        faces = detector.detect(frame.image)
        if best is None or len(faces) >= len(best[1]):
            best = frame, faces
        first, last = first or frame, frame
    if first is None or last is None or best is None:
        raise CameraMissingError(f"camera {source.name} gave no picture: check its cable, power and network")
    lasted = last.captured - first.captured
    fps = (last.sequence - first.sequence) / lasted if lasted > 0 else None
    image, faces = best[0].image, best[1]
    return Look(image, faces, fps, find_lean(image, faces[0], detector) if faces else None)


def draw(look: Look, console: Console) -> None:
    """The picture with its faces in half blocks, where the terminal has the colours for it."""
    if not console.is_terminal or console.color_system not in ("256", "truecolor"):
        return
    room = min(console.width, WIDEST), max(4, console.height - BELOW)
    size = cells((look.image.shape[0], look.image.shape[1]), *room)
    boxes = [(face.box, FRAME) for face in look.faces]
    lines = picture(look.image, size, boxes, console.color_system == "truecolor")
    sys.stdout.writelines(itertools.chain.from_iterable((line, "\n") for line in lines))
    sys.stdout.flush()
