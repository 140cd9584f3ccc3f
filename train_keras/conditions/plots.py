"""Pictures of a conditions record: accuracy over severity, and calibration with abstention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train_keras.conditions.record import ConditionsRecord
from train_keras.conditions.scores import Abstention, Reliability, Row

COLOURS = {
    "bare": "#1f6fb2",
    "masked": "#c2571a",
    "masks of the second painter": "#7d4cc9",
    "real masks, pasted": "#078880",
}
# Family, title, axis, and the severity of an unchanged face; None where one of the steps is that.
FAMILIES: tuple[tuple[str, str, str, float | None], ...] = (
    ("face size", "face size", "side of the crop in the frame, px", None),
    ("shift", "crop shifted", "% of the side", 0),
    ("scale", "crop zoomed", "%", 100),
    ("rotation", "crop turned", "degrees", 0),
    ("dark", "less light, no gain", "stops", 0),
    ("amplified", "less light, amplified", "stops", 0),
    ("defocus", "defocus", "radius, px of 48", 0),
    ("motion", "motion", "length, px of 48", 0),
)
_SOFT = "#999"


def draw_severity(record: ConditionsRecord, path: Path) -> None:
    """Seven-way accuracy with its interval over the severity of each family, bare and masked, PNG."""
    figure = Figure(figsize=(13, 6), layout="constrained")
    for axes, (family, title, unit, none) in zip(
        figure.subplots(2, 4, sharey=True).flat, FAMILIES, strict=True
    ):
        for on in ("bare", "masked"):
            start = [] if none is None else [(none, record.row("standard", on, on))]
            rows = [(float(row.severity or 0), row) for row in record.family(family, on)]
            _curve(axes, sorted(start + rows, key=lambda pair: pair[0]), COLOURS[on], on)
        axes.set(title=title, xlabel=unit)
        if family == "face size":
            sizes = [round(row.severity or 0) for row in record.family(family)]
            axes.set_xscale("log")
            axes.set_xticks(sizes, [str(size) for size in sizes])
            axes.minorticks_off()
            axes.legend(frameon=False, fontsize=8, loc="lower right")
        _tidy(axes)
    figure.supylabel("accuracy, seven labels, %", fontsize=10)
    _save(figure, path)


def draw_trust(record: ConditionsRecord, path: Path) -> None:
    """Reliability diagrams, and accuracy among the answered over the share answered, PNG."""
    figure = Figure(figsize=(13, 3.7), layout="constrained")
    panels = figure.subplots(1, 4)
    for axes, bins in zip(panels, record.reliability[:2], strict=False):
        _reliability(axes, bins)
    for axes, labels in zip(panels[2:], ("seven", "five"), strict=True):
        for found in record.abstention:
            _coverage(axes, found, labels)
        axes.set(title=f"abstention, {labels} labels", xlabel="answered, %", xlim=(0, 102))
        _tidy(axes)
    panels[2].set_ylabel("accuracy among the answered, %")
    panels[2].legend(frameon=False, fontsize=7.5, loc="lower left")
    _save(figure, path)


def _curve(axes: Axes, points: list[tuple[float, Row]], colour: str, label: str) -> None:
    x = [severity for severity, _ in points]
    middle, low, high = (
        [100 * getattr(row.seven, part) for _, row in points] for part in ("value", "low", "high")
    )
    axes.plot(x, middle, marker="o", markersize=3.5, color=colour, label=label)
    axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)


def _reliability(axes: Axes, found: Reliability) -> None:
    bins = len(found.counts)
    most = max(found.counts)
    for place, (count, right, sure) in enumerate(
        zip(found.counts, found.accuracy, found.confidence, strict=True)
    ):
        if right is not None and sure is not None:
            strength = 0.25 + 0.75 * count / most
            centre = (place + 0.5) / bins
            axes.bar(100 * centre, 100 * right, width=86 / bins, color=COLOURS[found.name], alpha=strength)
            axes.vlines(
                100 * sure, 100 * min(right, sure), 100 * max(right, sure), color="#333", linewidth=1.4
            )
    axes.plot([0, 100], [0, 100], color=_SOFT, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(
        title=f"{found.name}: calibration error {100 * found.error.value:.1f} %",
        xlabel="confidence, %",
        ylabel="accuracy, %",
        xlim=(0, 100),
        ylim=(0, 101),
    )
    _tidy(axes)


def _coverage(axes: Axes, found: Abstention, labels: str) -> None:
    x, y = 100 * np.array(found.coverage), 100 * np.array(getattr(found, labels))
    axes.plot(x, y, color=COLOURS[found.name], linewidth=1.6, label=found.name)
    kept = found.kept if labels == "seven" else found.kept_five
    if found.answered and kept:
        at = 100 * found.answered.value
        axes.errorbar(
            [at], [100 * kept.value],
            yerr=[[100 * (kept.value - kept.low)], [100 * (kept.high - kept.value)]],
            color=COLOURS[found.name], marker="o", markersize=5, capsize=2,
        )  # fmt: skip


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.title.set_fontsize(10)
    axes.tick_params(labelsize=8)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
