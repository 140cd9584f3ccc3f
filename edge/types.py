"""What travels along the way of a frame: small frozen dataclasses, numpy arrays, no framework types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.labels import COARSE, COARSE_INDEX, LABELS

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_GROUPS = np.eye(len(COARSE), dtype=np.float32)[list(COARSE_INDEX)]  # [7, 5], 1 where a label is in a group
SCHEMA = "mien.observation/1"
# How a frame's faces were found: by a look at the whole picture, by looks around the known faces, without a
# look by moving them on, or, with nobody known, not at all. docs/events.md tells when which.
LOOKS = ("full", "regions", "motion", "none")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a camera.

    Attributes:
        image: uint8 [H, W, 3], BGR.
        sequence: number of the frame since the camera was opened, counting skipped ones.
        captured: monotonic capture time in seconds (`time.monotonic`).
        camera: the camera's name in events.
    """

    image: Image
    sequence: int
    captured: float
    camera: str


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detected face.

    Attributes:
        box: float32 [4], x0 y0 x1 y1 in pixels of the frame.
        score: the detector's confidence, 0 to 1.
        landmarks: float32 [5, 2] eyes, nose, mouth corners, image left first; None when the detector
            gives none.
        mask_state: one of `labels.MASK_STATES`; None when the detector does not tell.
    """

    box: Floats
    score: float
    landmarks: Floats | None = None
    mask_state: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """Calibrated probabilities, float32 [7] over `labels.LABELS`, and whether even the coarse answer
    is too weak to stand behind."""

    probabilities: Floats
    abstained: bool = False

    @property
    def label(self) -> str:
        return LABELS[int(self.probabilities.argmax())]

    @property
    def coarse(self) -> Floats:
        """float32 [5] over `labels.COARSE`."""
        return coarsen(self.probabilities)


def coarsen(probabilities: Floats) -> Floats:
    """Sum seven-way probabilities [..., 7] into the coarse five [..., 5]."""
    return np.asarray(probabilities @ _GROUPS, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ObservedFace:
    """A tracked face with its smoothed expression. `track` is None where faces are not tracked."""

    face: Face
    expression: Expression
    track: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The face as it stands in events (docs/events.md)."""
        face, expression = self.face, self.expression
        return {
            "track": self.track,
            "box": _rounded(face.box, 1),
            "score": round(float(face.score), 4),
            "landmarks": None if face.landmarks is None else _rounded(face.landmarks, 1),
            "mask_state": face.mask_state,
            **expression_dict(expression),
        }


def expression_dict(expression: Expression) -> dict[str, Any]:
    """label, probabilities, coarse and abstained, as they stand in events."""
    return {
        "label": expression.label,
        "probabilities": _named(LABELS, expression.probabilities),
        "coarse": _named(COARSE, expression.coarse),
        "abstained": expression.abstained,
    }


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Everything one processed frame said. Times: `time` is UTC wall clock, the rest seconds. `look` is one
    of `LOOKS`, `model` the NAME@VERSION of the one that reads faces, `read` how many of these it read."""

    camera: str
    frame: int
    time: datetime
    capture_to_event: float
    detect: float
    classify: float
    faces: tuple[ObservedFace, ...]
    look: str = "full"
    model: str | None = None
    read: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The event object `mien.observation/1`."""
        return {
            "schema": SCHEMA,
            "camera": self.camera,
            "frame": self.frame,
            "time": self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "latency_seconds": {
                "capture_to_event": round(self.capture_to_event, 6),
                "detect": round(self.detect, 6),
                "classify": round(self.classify, 6),
            },
            "look": self.look,
            "model": self.model,
            "faces": [face.to_dict() for face in self.faces],
        }


def _rounded(values: Floats, digits: int) -> Any:
    return np.round(values.astype(np.float64), digits).tolist()


def _named(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(names, values, strict=True)}
