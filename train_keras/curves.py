"""Learning curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

History = list[dict[str, float]]


def draw_curves(history: History, path: Path) -> None:
    """Loss and accuracy of an expression model over epochs, PNG."""
    series = (
        ("categorical_accuracy", "training, augmented", "#999"),
        ("public_full", "watched, bare", "#1f6fb2"),
        ("public_masked", "watched, synthetic masks", "#c2571a"),
    )
    _draw(history, path, [("loss", "training loss", "#444")], "cross-entropy", series, "accuracy")


def draw_detector_curves(history: History, path: Path) -> None:
    """Loss, and recall and mask states on the validation photographs, of a face detector over epochs, PNG."""
    losses = [
        (name, title, colour)
        for name, title, colour in (
            ("loss", "all", "#444"),
            ("cells_loss", "faces", "#1f6fb2"),
            ("hints_loss", "hints", "#c2571a"),
        )
        if name in history[0]
    ]
    series = (
        ("recall_masked", "masked faces found at 0.1 false boxes a picture", "#c2571a"),
        ("recall_bare", "bare faces found there", "#1f6fb2"),
        ("mask_state", "mask states told", "#999"),
    )
    _draw(history, path, losses, "loss", series, "validation photographs")


def _draw(
    history: History,
    path: Path,
    losses: Sequence[tuple[str, str, str]],
    unit: str,
    shares: Sequence[tuple[str, str, str]],
    title: str,
) -> None:
    """Two plots; `losses` and `shares` are columns of the history, their labels and colours."""
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, label, colour in losses:
        left.plot(epochs, [row[name] for row in history], color=colour, label=label)
    left.set(xlabel="epoch", ylabel=unit, title="training loss")
    if len(losses) > 1:
        left.legend(frameon=False, fontsize=8)
    for name, label, colour in shares:
        if name in history[-1]:  # nothing is watched without validation data
            values = [100 * row[name] for row in history]
            right.plot(epochs, values, color=colour, label=f"{label}: {values[-1]:.1f} %")
            right.legend(frameon=False, fontsize=8)
    right.set(xlabel="epoch", ylabel="%", title=title)
    for axes in (left, right):
        _tidy(axes)
    figure.savefig(path, dpi=110)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
