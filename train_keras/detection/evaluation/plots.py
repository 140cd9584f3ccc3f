"""The comparison as curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train_keras.detection.evaluation.measures import Measured, groups

COLOURS = {
    "facet": "#c2571a", "yunet": "#1f6fb2", "centerface": "#3a8a4d", "hog": "#888", "blazeface": "#8a5aa8",
    "mtcnn": "#b09020", "haar": "#444",
}  # fmt: skip
DASHES = {160: (1, 1.2), 320: (None, None), 640: (5, 2)}
OTHER_DASHES = ((None, None), (5, 2), (1, 1.2))
LEAST_RATE, MOST_RATE = 0.01, 2.0


def draw_curves(measured: Sequence[Measured], path: Path) -> None:
    """Precision by recall, and recall by false boxes a picture on masked and on bare faces, as PNG.

    A dot is the detector's own threshold; what has one threshold only is a short line.
    """
    figure = Figure(figsize=(15, 5.6), layout="constrained")
    precision, masked, bare = figure.subplots(1, 3)
    styles = _styles(measured)
    for one, style in zip(measured, styles, strict=True):
        recall, precise = one.half.curve()
        precision.plot(recall, precise, label=one.contender.name, **style)
        for axes, group in ((masked, "masked"), (bare, "bare")):
            _draw_recall(axes, one, group, style)
    precision.set(
        xlabel="recall", ylabel="precision", title="all faces, found at IoU 0.5", xlim=(0, 1), ylim=(0, 1.02)
    )
    for axes, title in ((masked, "masked faces"), (bare, "bare faces")):
        axes.set(
            xlabel="false boxes a picture", ylabel="recall", title=f"{title}, found above IoU 0.3",
            xscale="log", xlim=(LEAST_RATE, MOST_RATE), ylim=(0, 1.02),
        )  # fmt: skip
    for axes in (precision, masked, bare):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.legend(
        *precision.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=8
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _draw_recall(axes: Axes, measured: Measured, group: str, style: dict[str, Any]) -> None:
    tally, threshold = measured.touching, measured.contender.threshold
    chosen = groups(tally.states)[group]
    rates, recall = tally.recall_curve(chosen)
    axes.plot(np.maximum(rates, LEAST_RATE), recall, drawstyle="steps-post", **style)
    rate = max(tally.false_boxes(threshold) / tally.pictures, LEAST_RATE)
    axes.plot(rate, tally.recall(threshold, chosen), "o", color=style["color"], markersize=4)


def _styles(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """A colour a family, a dash a size; the detector under test is drawn thicker."""
    styles: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for contender in (one.contender for one in measured):
        number = seen[contender.family] = seen.get(contender.family, -1) + 1
        dashes = DASHES.get(contender.side or 0, OTHER_DASHES[number % len(OTHER_DASHES)])
        width = 2.0 if contender.tested else 1.2
        colour = COLOURS.get(contender.family, "#000")
        styles.append({"color": colour, "dashes": dashes, "linewidth": width})
    return styles
