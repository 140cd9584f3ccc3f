"""A labelled sheet of faces: one row each, and in the columns what a network makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from edge.types import Floats, Image

TILE = 192
OPACITY = 0.72
# The sheet is dark in either scheme: a heat map is light on dark.
_GROUND, _TEXT, _SOFT, _BAR = "#15181b", "#eceff1", "#9aa4ab", "#f0a24a"
_MAP = "inferno"


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A map float [h, w], 0 to 1, laid over the face: Grad-CAM, attention, an occlusion map."""

    map: Floats

    def __post_init__(self) -> None:
        if self.map.ndim != 2 or not np.isfinite(self.map).all():
            raise ValueError(f"a map of shape {self.map.shape}: expected finite values [h, w]")

    def draw(self, axes: Axes, face: Image) -> None:
        axes.imshow(overlay(face, self.map))


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """A few values, 0 to 1, with their names: the gates of regions."""

    values: Floats
    names: Sequence[str]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.names),):
            raise ValueError(f"{self.values.shape} values for {len(self.names)} names: expected as many")

    def draw(self, axes: Axes, face: Image) -> None:
        places = np.arange(len(self.values))
        axes.barh(places, self.values, height=0.4, color=_BAR)
        for place, value, name in zip(places, self.values, self.names, strict=True):
            axes.text(0, place - 0.24, f"{name}  {value:.2f}", color=_TEXT, fontsize=8, va="bottom")
        axes.set(xlim=(0, 1), ylim=(len(self.values) - 0.5, -0.7))


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A vector float [D] folded into a square, row by row: a fused feature."""

    vector: Floats

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or not len(self.vector):
            raise ValueError(f"a feature of shape {self.vector.shape}: expected [D]")

    def draw(self, axes: Axes, face: Image) -> None:
        side = int(np.ceil(np.sqrt(len(self.vector))))
        square = np.full(side * side, np.nan)
        square[: len(self.vector)] = self.vector
        limit = max(float(np.abs(self.vector).max()), 1e-9)
        axes.imshow(square.reshape(side, side), cmap="PuOr_r", vmin=-limit, vmax=limit)


Panel = Heat | Bars | Feature


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One face.

    Attributes:
        face: uint8 [S, S] grey.
        title: what it is, as "bare".
        answer: what the network says, as "happy 0.83".
        panels: by column title; every row of a sheet has the same.
    """

    face: Image
    title: str
    answer: str
    panels: Mapping[str, Panel]


def overlay(face: Image, heat: Floats, size: int = TILE) -> Image:
    """Lay a map over a face.

    Args:
        face: uint8 [S, S] grey.
        heat: float [h, w]; 0 leaves the face as it is, 1 and more is the hottest.
    Returns:
        uint8 [size, size, 3] RGB.
    """
    picture = cv2.resize(face, (size, size), interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    large = cv2.resize(heat.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colour = 255 * matplotlib.colormaps[_MAP](large)[..., :3]
    weight = OPACITY * large[..., None]
    return np.rint(picture * (1 - weight) + colour * weight).clip(0, 255).astype(np.uint8)


def draw_sheet(path: Path, rows: Sequence[Row], title: str, note: str = "") -> None:
    """Write the sheet, PNG.

    Args:
        title: above it.
        note: below it, in small print.
    Raises:
        ValueError: no rows, or rows with different columns.
    """
    columns = [tuple(row.panels) for row in rows]
    if not rows or len(set(columns)) != 1:
        raise ValueError(f"rows with the columns {sorted(set(columns))}: expected rows, all with the same")
    wide, high = 1 + len(columns[0]), len(rows)
    size = (1.75 * wide + 0.75, 1.75 * high + 1.0)
    layout = ConstrainedLayoutEngine(w_pad=0.05, wspace=0, hspace=0)
    figure = Figure(figsize=size, facecolor=_GROUND, layout=layout)
    grid = figure.subplots(high, wide, squeeze=False)
    for line, row in zip(grid, rows, strict=True):
        line[0].imshow(
            cv2.resize(row.face, (TILE, TILE), interpolation=cv2.INTER_CUBIC), "gray", vmin=0, vmax=255
        )
        line[0].set_ylabel(f"{row.title}\n{row.answer}", color=_TEXT, fontsize=9.5, labelpad=6)
        for axes, panel in zip(line[1:], row.panels.values(), strict=True):
            panel.draw(axes, row.face)
        for axes in line:
            axes.set_box_aspect(1)
            axes.set_facecolor(_GROUND)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    for axes, name in zip(grid[0], ("face", *columns[0]), strict=True):
        axes.set_title(name, color=_SOFT, fontsize=9.5)
    figure.suptitle(title, color=_TEXT, fontsize=12, fontweight="bold")
    if note:
        figure.supxlabel(note, color=_SOFT, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, facecolor=_GROUND)
