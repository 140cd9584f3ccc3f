"""Observations and frames to publish, and a thread that publishes them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Self

import numpy as np

from edge.bus import Bus
from edge.labels import LABELS
from edge.types import Expression, Face, Frame, Observation, ObservedFace

WIDTH, HEIGHT = 320, 240
FACE, MARGIN = 64, 12  # side of a face's box, and how far inside it the picture is white


def box_of(number: int) -> np.ndarray:
    """Where the face of frame `number` is: it wanders. float32 [4]."""
    left, top = 16 + 7 * number % 220, 24 + 5 * number % 140
    return np.array([left, top, left + FACE, top + FACE], np.float32)


def frame_of(number: int, camera: str = "test") -> Frame:
    """A black picture, white where the face of frame `number` is."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x0, y0, x1, y1 = box_of(number).astype(int)
    image[y0 + MARGIN : y1 - MARGIN, x0 + MARGIN : x1 - MARGIN] = 255
    return Frame(image, number, time.monotonic(), camera)


def observation_of(
    number: int,
    label: str = "happy",
    faces: int = 1,
    abstained: bool = False,
    mask_state: str | None = "mask",
    camera: str = "test",
) -> Observation:
    """Frame `number` with faces that all show `label`."""
    probabilities = np.full(len(LABELS), 0.05, np.float32)
    probabilities[LABELS.index(label)] = 0.7
    face = Face(box_of(number), 0.9, np.full((5, 2), 50, np.float32), mask_state)
    observed = tuple(
        ObservedFace(face, Expression(probabilities, abstained), track) for track in range(faces)
    )
    return Observation(camera, number, datetime.now(UTC), 0.012, 0.009, 0.001, observed)


class Publisher:
    """Publishes frame after frame while the `with` lasts; what they show can be changed meanwhile."""

    def __init__(self, bus: Bus, **shown: object) -> None:
        self.bus, self.shown = bus, shown
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number, camera = 0, str(self.shown.get("camera", "test"))
        while not self._stop.wait(0.03):
            number += 1
            self.bus.publish(observation_of(number, **self.shown), frame_of(number, camera))
