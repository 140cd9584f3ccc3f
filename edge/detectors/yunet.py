"""YuNet from a file the user names, through OpenCV's own wrapper."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import ModelCorruptError, ModelMissingError
from edge.types import Face, Floats, Image


class YuNet:
    """YuNet on the CPU.

    Args:
        network: face_detection_yunet_*.onnx.
        longest_side: the picture is shrunk to this many pixels.
        threshold: least score of a face, 0 to 1.
    Raises:
        ModelMissingError, ModelCorruptError: the network's file is missing or is not YuNet.
    """

    name = "yunet"

    def __init__(self, network: Path, longest_side: int = 320, threshold: float = 0.5) -> None:
        if not network.is_file():
            raise ModelMissingError(
                f"there is no detector network {network}: give the path of a YuNet .onnx file"
            )
        self._file = network
        self.longest_side = longest_side
        self._threshold = threshold
        self._size = (320, 320)
        try:
            self._detector = self._make()
            self._detector.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error as error:
            raise ModelCorruptError(f"{network} cannot be run as YuNet: download it again") from error

    def detect(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        shrink = min(1.0, self.longest_side / max(width, height))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        if size != self._size:  # anew, for the reason told in centerface.py
            self._size = size
            self._detector = self._make()
        _, rows = self._detector.detect(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        if rows is None:
            return []
        return [_to_face(row, width / size[0], height / size[1]) for row in np.asarray(rows, np.float32)]

    def _make(self) -> cv2.FaceDetectorYN:
        return cv2.FaceDetectorYN.create(str(self._file), "", self._size, self._threshold)


def _to_face(row: Floats, scale_x: float, scale_y: float) -> Face:
    """A row of 15: x, y, width, height, five landmarks x, y (the eye at image left first), score."""
    scale = np.array([scale_x, scale_y], np.float32)
    corner, sides = row[:2] * scale, row[2:4] * scale
    box = np.concatenate([corner, corner + sides]).astype(np.float32)
    return Face(box, float(row[14]), (row[4:14].reshape(5, 2) * scale).astype(np.float32))
