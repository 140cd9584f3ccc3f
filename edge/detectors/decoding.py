"""From facet's maps to faces in pixels.

For each of its strides the network gives two maps over the cells of its input: "class" (score logit, then
mask-state logits) and "geometry" (distances from the cell's centre to the box's left, top, right and bottom,
then five landmarks x, y from the centre, all in strides). Hardly any cell holds a face, so scores are
compared as the integers they come as, and only the cells that pass are turned into pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.detectors.boxes import suppress
from edge.labels import MASK_STATES
from edge.types import Floats

CLASS_CHANNELS = 1 + len(MASK_STATES)
POINTS = 7  # corners of the box and five landmarks, x and y each
GEOMETRY_CHANNELS = 2 * POINTS
CANDIDATES = 1024  # the surest cells; fifty faces light up some ten each
OVERLAP = 0.4  # IoU above which two boxes are the same face

Raw = npt.NDArray[Any]  # int8, uint8 or float32, as the network gives it


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Real value = (stored - zero) * scale. `whole` where what is stored are integers."""

    scale: float = 1.0
    zero: float = 0.0
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces in pixels of the network's input, the surest first.

    Attributes:
        points: float32 [N, 14], x0 y0 x1 y1 of the box, then x, y of the landmarks.
        scores: float32 [N], 0 to 1.
        states: intp [N], indices into `labels.MASK_STATES`.
    """

    points: Floats
    scores: Floats
    states: npt.NDArray[np.intp]


class Level:
    """The cells of one stride.

    Args:
        stride: pixels of the input from cell to cell.
        rows, columns: of the maps.
        class_quantisation, geometry_quantisation: of the two maps.
        threshold: least score, above 0 and below 1.
    """

    def __init__(
        self,
        stride: int,
        rows: int,
        columns: int,
        class_quantisation: Quantisation,
        geometry_quantisation: Quantisation,
        threshold: float,
    ) -> None:
        self._class = class_quantisation
        self._limit = raw_limit(threshold, class_quantisation)
        # Two boxes' sides lie towards smaller x and y, all else is an offset as it stands.
        signs = np.array([-1.0] * 2 + [1.0] * (GEOMETRY_CHANNELS - 2))
        factors = signs * geometry_quantisation.scale * stride
        centres = (np.mgrid[:rows, :columns][::-1].reshape(2, -1).T + 0.5) * stride  # x, y of each cell
        self._factors = factors.astype(np.float32)
        self._base = (np.tile(centres, POINTS) - geometry_quantisation.zero * factors).astype(np.float32)

    def read(self, classes: Raw, geometry: Raw) -> tuple[Floats, Floats, Raw] | None:
        """The cells that hold a face; None where there is none.

        Args:
            classes: [1, rows, columns, 4].
            geometry: [1, rows, columns, 14].
        Returns:
            score logits float32 [N], points float32 [N, 14] in pixels, and the mask states' raw logits
            [N, 3].
        """
        classes = classes.reshape(-1, CLASS_CHANNELS)
        cells = np.flatnonzero(classes[:, 0] >= self._limit)
        if not cells.size:
            return None
        if cells.size > CANDIDATES:
            cells = cells[np.argpartition(classes[cells, 0], -CANDIDATES)[-CANDIDATES:]]
        found = classes.take(cells, axis=0)
        points = geometry.reshape(-1, GEOMETRY_CHANNELS).take(cells, axis=0) * self._factors
        points += self._base.take(cells, axis=0)
        logits = found[:, 0].astype(np.float32)
        logits -= np.float32(self._class.zero)
        logits *= np.float32(self._class.scale)
        return logits, points, found[:, 1:]


def decode(levels: Sequence[Level], maps: Sequence[tuple[Raw, Raw]]) -> Detections:
    """Faces of one picture, each once.

    Args:
        levels: one a stride.
        maps: the class and the geometry map of each level.
    """
    found = [part for part in map(Level.read, levels, *zip(*maps, strict=True)) if part is not None]
    if not found:
        return Detections(_NO_POINTS, _NO_SCORES, _NO_STATES)
    logits, points, states = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    if len(logits) > CANDIDATES:
        surest = np.argpartition(logits, -CANDIDATES)[-CANDIDATES:]
        logits, points, states = logits[surest], points[surest], states[surest]
    kept = suppress(points[:, :4], logits, OVERLAP)
    scores = np.asarray(1 / (1 + np.exp(-logits[kept])), np.float32)
    return Detections(points[kept], scores, states[kept].argmax(axis=1))


def raw_limit(threshold: float, quantisation: Quantisation) -> float:
    """The least stored value of a score logit whose score reaches the threshold; it may lie beyond int8.

    >>> raw_limit(0.5, Quantisation(0.1, 20, whole=True)), raw_limit(0.51, Quantisation(0.1, 20, whole=True))
    (20, 21)
    """
    stored = math.log(threshold / (1 - threshold)) / quantisation.scale + quantisation.zero
    return math.ceil(stored) if quantisation.whole else stored


_NO_POINTS = np.empty((0, GEOMETRY_CHANNELS), np.float32)
_NO_SCORES = np.empty(0, np.float32)
_NO_STATES = np.empty(0, np.intp)
