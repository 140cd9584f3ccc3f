"""Where the faces are. One detector a file; `open_detector` chooses by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import ConfigError
from edge.types import Face, Image

DETECTORS = ("facet", "facet:FOLDER", "hog", "yunet:FILE.onnx", "centerface:FILE.onnx")
THRESHOLD = 0.5  # where neither the user nor a bundle names one


class Detector(Protocol):
    """Finds faces."""

    name: str

    def detect(self, image: Image) -> list[Face]:
        """Faces in a picture, the surest first.

        Args:
            image: uint8 [H, W, 3] BGR.
        """


class SizedDetector(Detector, Protocol):
    """One that decides how large a picture it looks at.

    Attributes:
        longest_side: larger pictures are shrunk to this many pixels; may be changed between two pictures.
    """

    longest_side: int


def open_detector(spec: str, longest_side: int = 320, threshold: float | None = None) -> SizedDetector:
    """Load the detector that the spec names.

    Args:
        spec: one of `DETECTORS`; "facet" alone is the one that ships.
        longest_side: the picture is shrunk to this many pixels; it decides the time a frame takes.
        threshold: least score of a face, above 0 and below 1; None takes the bundle's, 0.5 without a bundle.
    Raises:
        ConfigError: no such detector, no file where one is needed, or the bundle of an expression model.
        ModelMissingError, ModelCorruptError: the network's file is missing or unreadable.
        DependencyError: facet without a TFLite runtime, hog without dlib.
    """
    name, _, file = spec.partition(":")
    if name == "facet":
        from edge.bundles import DEFAULT_DETECTOR, load_detection
        from edge.detectors.facet import Facet

        return Facet(load_detection(file or DEFAULT_DETECTOR), longest_side, threshold)
    least = THRESHOLD if threshold is None else threshold
    if name == "hog" and not file:
        from edge.detectors.hog import Hog

        return Hog(longest_side, least)
    if name == "yunet" and file:
        from edge.detectors.yunet import YuNet

        return YuNet(Path(file), longest_side, least)
    if name == "centerface" and file:
        from edge.detectors.centerface import CenterFace

        return CenterFace(Path(file), longest_side, least)
    if name in ("yunet", "centerface"):
        raise ConfigError(f"{name} needs its network's file: --detector {name}:/path/to/{name}.onnx")
    raise ConfigError(f"no detector '{spec}': use one of {', '.join(DETECTORS)}")
