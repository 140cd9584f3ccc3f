"""ROC curves and reliability diagrams, WebP, for light and for dark pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train_keras.measures import SCHEMES, calibration, roc
from train_keras.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a figure; `classes` are those of the labels angry to neutral, taken in order."""

    ground: str
    text: str
    soft: str
    grid: str
    main: str
    gap: str
    classes: tuple[str, ...]


# Merged labels wear the colour of one of theirs, so that happiness looks the same everywhere.
_COLOURS = {"seven": range(7), "five": (0, 2, 3, 4, 6), "three": (0, 6, 3)}

# The colours of the daemon's page (edge/outputs/web/style.css).
LIGHT = Theme(
    ground="#ffffff", text="#1b1f1a", soft="#5b6359", grid="#dcdfd8", main="#1f6dc1", gap="#c2571a",
    classes=("#c5302a", "#667c0f", "#7d4cc9", "#b87400", "#1f6dc1", "#078880", "#6e766c"),
)  # fmt: skip
DARK = Theme(
    ground="#1a1e1a", text="#e9ede7", soft="#9ba698", grid="#2d332d", main="#63b1ff", gap="#f5914c",
    classes=("#ff6f66", "#a9c94e", "#b79cff", "#ffc34a", "#63b1ff", "#3fd8ca", "#a7b0a4"),
)  # fmt: skip


def roc_picture(predictions: Predictions, theme: Theme = LIGHT) -> bytes:
    """ROC of each label against the rest, a WebP picture."""
    return _picture(draw_roc, predictions, theme)


def reliability_picture(predictions: Predictions, theme: Theme = LIGHT) -> bytes:
    """The reliability diagram, a WebP picture."""
    return _picture(draw_reliability, predictions, theme)


def _picture(
    draw: Callable[[Axes, Predictions, Theme], None], predictions: Predictions, theme: Theme
) -> bytes:
    figure = Figure(figsize=(4.2, 3.9), facecolor=theme.ground, layout="constrained")
    draw(figure.subplots(), predictions, theme)
    buffer = io.BytesIO()
    # Lossless WebP is less than half of a PNG, and the page holds two pictures for every set of every model.
    figure.savefig(buffer, format="webp", dpi=120, facecolor=theme.ground, pil_kwargs={"lossless": True})
    return buffer.getvalue()


def draw_roc(axes: Axes, predictions: Predictions, theme: Theme = LIGHT) -> None:
    """One-vs-rest ROC curves with their areas; labels without faces are left out."""
    found = roc(predictions.probabilities, predictions.classes)
    axes.plot([0, 1], [0, 1], color=theme.grid, linewidth=1)
    labels = SCHEMES[predictions.scheme]
    colours = [theme.classes[i] for i in _COLOURS[predictions.scheme]]
    for curve, area, label, colour in zip(found.curves, found.areas, labels, colours, strict=True):
        if curve is not None:
            axes.plot(*curve.T, color=colour, linewidth=1.6, label=f"{label} {area:.3f}")
    title = "ROC"
    if np.isfinite(found.macro):
        title += f": mean area {found.macro:.3f}"
        legend = axes.legend(frameon=False, fontsize=8, loc="lower right", labelcolor=theme.text)
        legend.set_in_layout(False)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title=title)
    _tidy(axes, theme)


def draw_reliability(axes: Axes, predictions: Predictions, theme: Theme = LIGHT) -> None:
    """Accuracy over confidence in 15 equal-width bins; a bar's strength tells how many answers it holds."""
    found = calibration(predictions.probabilities, predictions.classes)
    bins = len(found.counts)
    centres = (np.arange(bins) + 0.5) / bins
    full = found.counts > 0
    strength = 0.25 + 0.75 * found.counts / found.counts.max()
    for centre, accuracy, alpha in zip(centres[full], found.accuracy[full], strength[full], strict=True):
        axes.bar(centre, accuracy, width=0.86 / bins, color=theme.main, alpha=alpha)
    axes.plot([0, 1], [0, 1], color=theme.soft, linewidth=1, linestyle=(0, (4, 3)))
    axes.vlines(
        found.confidence[full], found.accuracy[full], found.confidence[full], color=theme.gap, linewidth=1.6,
        label="gap to the diagonal",
    )  # fmt: skip
    axes.legend(frameon=False, fontsize=8, loc="upper left", labelcolor=theme.text)
    axes.set(xlabel="confidence", ylabel="accuracy", title=f"reliability: ECE {100 * found.error:.1f} %")
    _tidy(axes, theme)


def _tidy(axes: Axes, theme: Theme) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.005), facecolor=theme.ground)
    axes.set_box_aspect(0.92)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.soft)
    axes.tick_params(colors=theme.soft, labelsize=8)
    axes.grid(color=theme.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.title.set(color=theme.text, fontsize=10)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=theme.soft, fontsize=9)
