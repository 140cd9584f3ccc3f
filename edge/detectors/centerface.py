"""CenterFace (Xu et al., arXiv 1911.03599) from a file the user names, through OpenCV's dnn.

The network looks at the picture in cells of 4 × 4 pixels. For each it gives the probability that a face's
centre lies there, the centre's offset within the cell, the logarithm of the face's height and width in cells,
and the landmarks as fractions of the box. The network does not come with mien.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.detectors.boxes import suppress
from edge.errors import ModelCorruptError, ModelMissingError
from edge.types import Face, Floats, Image

CELL = 4
MULTIPLE = 32
OVERLAP = 0.3
CANDIDATES = 256  # suppression compares all pairs; more cells than this only lie around the same few faces
OUTPUTS = ("537", "538", "539", "540")  # heat map, scale, offset, landmarks, as the ONNX file calls them


class CenterFace:
    """CenterFace on the CPU.

    Args:
        network: the ONNX file.
        longest_side: the picture is shrunk to this many pixels, rounded up to a multiple of 32.
        threshold: least score of a face, 0 to 1.
    Raises:
        ModelMissingError, ModelCorruptError: the network's file is missing or unreadable.
    """

    name = "centerface"

    def __init__(self, network: Path, longest_side: int = 320, threshold: float = 0.5) -> None:
        if not network.is_file():
            raise ModelMissingError(f"there is no detector network {network}: give a CenterFace .onnx file")
        self._file = network
        self._network = load_network(network)
        self._size: tuple[int, int] | None = None
        self.longest_side = longest_side
        self._threshold = threshold

    def detect(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        size = input_size(width, height, self.longest_side)
        if self._size not in (size, None):
            # OpenCV 4 fuses layers again at each new input size and so spoils their weights.
            self._network = load_network(self._file)
        self._size = size
        self._network.setInput(cv2.dnn.blobFromImage(image, 1.0, size, swapRB=True))
        heat, scales, offsets, marks = (
            np.asarray(output, np.float32) for output in self._network.forward(OUTPUTS)
        )
        boxes, scores, landmarks = decode(heat, scales, offsets, marks, self._threshold)
        scale = np.array([width / size[0], height / size[1]], np.float32)
        boxes = np.clip(boxes * np.tile(scale, 2), 0, [width, height, width, height]).astype(np.float32)
        landmarks = landmarks * scale
        kept = suppress(boxes, scores, OVERLAP)
        return [Face(boxes[i], float(scores[i]), landmarks[i]) for i in kept]


def load_network(file: Path) -> cv2.dnn.Net:
    """Read an ONNX file. Raises ModelCorruptError when OpenCV cannot."""
    try:
        return cv2.dnn.readNetFromONNX(str(file))
    except cv2.error as error:
        raise ModelCorruptError(f"{file} cannot be run as CenterFace: download it again") from error


def input_size(width: int, height: int, longest_side: int) -> tuple[int, int]:
    """Width and height the network looks at: multiples of 32 near the picture's proportions.

    >>> input_size(640, 360, 320)
    (320, 192)
    """
    shrink = min(1.0, longest_side / max(width, height))
    return _round_up(width * shrink), _round_up(height * shrink)


def decode(
    heat: Floats, scale: Floats, offset: Floats, marks: Floats, threshold: float
) -> tuple[Floats, Floats, Floats]:
    """Read the network's maps.

    Args:
        heat: [1, 1, h, w] probability of a face's centre.
        scale: [1, 2, h, w] logarithm of height and width, in cells.
        offset: [1, 2, h, w] of the centre within its cell, y and x.
        marks: [1, 10, h, w] five landmarks y, x from the box's corner, in heights and widths of the box.
    Returns:
        boxes float32 [N, 4], scores float32 [N] and landmarks float32 [N, 5, 2] in pixels of the network's
        input, before suppression, the surest first.
    """
    rows, columns = np.nonzero(heat[0, 0] > threshold)
    scores = heat[0, 0, rows, columns]
    surest = np.argsort(-scores, kind="stable")[:CANDIDATES]
    rows, columns, scores = rows[surest], columns[surest], scores[surest]
    cells = np.stack([rows, columns], axis=1).astype(np.float32)
    centres = (cells + offset[0][:, rows, columns].T + 0.5) * CELL
    sides = np.exp(scale[0][:, rows, columns].T) * CELL
    corners = centres - sides / 2
    fractions = marks[0][:, rows, columns].T.reshape(-1, 5, 2)
    landmarks = corners[:, np.newaxis] + fractions * sides[:, np.newaxis]
    boxes = np.concatenate([corners[:, ::-1], (corners + sides)[:, ::-1]], axis=1)
    return boxes.astype(np.float32), scores.astype(np.float32), landmarks[:, :, ::-1].astype(np.float32)


def _round_up(pixels: float) -> int:
    return max(1, -int(-pixels // MULTIPLE)) * MULTIPLE
