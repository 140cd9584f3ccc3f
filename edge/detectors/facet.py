"""facet, mien's own detector: one look at the picture finds faces, their landmarks and what they wear."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np

from edge.alignment import raise_if_empty
from edge.bundles import DetectionBundle
from edge.detectors.decoding import POINTS, Detections
from edge.detectors.network import Network
from edge.labels import MASK_STATES
from edge.types import Face, Floats, Image

NETWORKS = 8  # kept, one an input size; making one takes about as long as a look


class Facet:
    """facet on the CPU. Gives landmarks and mask states.

    Args:
        bundle: a verified bundle.
        longest_side: larger pictures are shrunk to this many pixels; it decides the time a frame takes.
        threshold: least score of a face, above 0 and below 1; None takes the bundle's.
        threads: of the runtime; one is best for a network this small, beside the rest of the daemon.
    Raises:
        DependencyError: no LiteRT and no tflite-runtime.
        ModelCorruptError: the model cannot be loaded, or is not what its manifest says.
    """

    name = "facet"

    def __init__(
        self,
        bundle: DetectionBundle,
        longest_side: int = 320,
        threshold: float | None = None,
        threads: int = 1,
    ) -> None:
        self.bundle = bundle
        self._content = bundle.model.read_bytes()
        self.longest_side = longest_side
        self._threshold = bundle.manifest.threshold if threshold is None else threshold
        self._threads = threads
        self._multiple = max(bundle.manifest.strides)
        self._networks: OrderedDict[tuple[int, int], Network] = OrderedDict()
        self._network(self._multiple, self._multiple)  # a model that cannot be used should be told of now

    def detect(self, image: Image) -> list[Face]:
        """Faces in a picture, the surest first.

        Args:
            image: uint8 [H, W, 3] BGR. It is never enlarged.
        Raises:
            ValueError: the picture is empty.
        """
        raise_if_empty(image)
        height, width = image.shape[:2]
        shrink = min(1.0, self.longest_side / max(width, height))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        network = self._network(*size)
        network.place(image, size)
        scale = width / size[0], height / size[1]
        return to_faces(network.run(), scale, (0, 0), (width, height))

    def detect_region(self, image: Image, region: Floats, size: tuple[int, int]) -> list[Face]:
        """Faces in a part of a picture, the surest first, in pixels of the picture.

        Args:
            image: uint8 [H, W, 3] BGR.
            region: float32 [4] xyxy in pixels of `image`. It is enlarged where it is smaller than `size`.
            size: width and height of the network's input, rounded up to multiples of the largest stride. The
                region keeps its proportions.
        Returns:
            no face where the region has no area within the picture.
        """
        height, width = image.shape[:2]
        x0, y0, x1, y1 = region.tolist()
        # In this order, and so that no comparison with NaN passes: int() takes neither NaN nor infinity.
        left, top = int(max(0.0, min(x0, width))), int(max(0.0, min(y0, height)))
        right, bottom = math.ceil(max(0.0, min(x1, width))), math.ceil(max(0.0, min(y1, height)))
        if not (right > left and bottom > top and x1 > x0 and y1 > y0):
            return []
        network = self._network(*size)
        # Of the region as it was asked for: a face keeps its size where the picture ends.
        zoom = min(size[0] / (x1 - x0), size[1] / (y1 - y0))
        across, down = right - left, bottom - top
        placed = min(size[0], max(1, round(across * zoom))), min(size[1], max(1, round(down * zoom)))
        network.place(image[top:bottom, left:right], placed)
        scale = across / placed[0], down / placed[1]
        return to_faces(network.run(), scale, (left, top), (width, height))

    def _network(self, width: int, height: int) -> Network:
        """The network for pictures of this size, of the last few that were used."""
        size = self._round_up(width), self._round_up(height)
        network = self._networks.get(size)
        if network is None:
            network = Network(self.bundle, self._content, size, self._threshold, self._threads)
            self._networks[size] = network
            if len(self._networks) > NETWORKS:
                self._networks.popitem(last=False)
        else:
            self._networks.move_to_end(size)
        return network

    def _round_up(self, pixels: int) -> int:
        return max(1, -(-pixels // self._multiple)) * self._multiple


def to_faces(
    found: Detections, scale: tuple[float, float], corner: tuple[int, int], size: tuple[int, int]
) -> list[Face]:
    """Faces in pixels of a picture.

    Args:
        found: in pixels of the network's input.
        scale: pixels of the picture for one of the input's, x and y.
        corner: where the input's corner lies in the picture, x and y.
        size: width and height of the picture; boxes end where it ends, and those outside are dropped.
    """
    if not len(found.scores):
        return []
    points = found.points.reshape(-1, POINTS, 2) * np.array(scale, np.float32)
    points += np.array(corner, np.float32)
    corners = points[:, :2]
    np.minimum(np.maximum(corners, 0, out=corners), np.array(size, np.float32), out=corners)
    return [
        Face(corners[number].reshape(4), score, points[number, 2:], MASK_STATES[state])
        for number, (score, state) in enumerate(
            zip(found.scores.tolist(), found.states.tolist(), strict=True)
        )
        if (corners[number, 1] > corners[number, 0]).all()
    ]
