"""Where the faces are. One detector a file; `open_detector` chooses by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import ConfigError
from edge.types import Face, Image

DETECTORS = ("centerface", "hog", "yunet")
CENTERFACE = Path(__file__).parent / "centerface.onnx"


class Detector(Protocol):
    """Finds faces."""

    name: str

    def detect(self, image: Image) -> list[Face]:
        """Faces in a picture, the surest first.

        Args:
            image: uint8 [H, W, 3] BGR.
        """


def open_detector(spec: str, longest_side: int = 320, threshold: float = 0.5) -> Detector:
    """Load the detector that the spec names.

    Args:
        spec: "centerface", "hog", or "yunet:FILE.onnx".
        longest_side: the picture is shrunk to this many pixels; it decides the time a frame takes.
        threshold: least score of a face, 0 to 1.
    Raises:
        ConfigError: no such detector, or yunet without a file.
        ModelMissingError, ModelCorruptError: the network's file is missing or unreadable.
        DependencyError: hog without dlib.
    """
    name, _, file = spec.partition(":")
    if name == "centerface" and not file:
        from edge.detectors.centerface import CenterFace

        return CenterFace(CENTERFACE, longest_side, threshold)
    if name == "hog" and not file:
        from edge.detectors.hog import Hog

        return Hog(longest_side, threshold)
    if name == "yunet" and file:
        from edge.detectors.yunet import YuNet

        return YuNet(Path(file), longest_side, threshold)
    if name == "yunet":
        raise ConfigError(
            "yunet needs its network's file: --detector yunet:/path/to/face_detection_yunet.onnx"
        )
    raise ConfigError(f"no detector '{spec}': use one of {', '.join(DETECTORS)}")
