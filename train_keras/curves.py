"""Learning curves as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """Loss and accuracy over epochs, PNG."""
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in history], color="#444")
    loss.set(xlabel="epoch", ylabel="cross-entropy", title="training loss")
    for name, label, colour in (
        ("categorical_accuracy", "training, 60 % masked, augmented", "#999"),
        ("public_full", "PublicTest, bare", "#1f6fb2"),
        ("public_masked", "PublicTest, synthetic masks", "#c2571a"),
    ):
        values = [100 * row[name] for row in history]
        accuracy.plot(epochs, values, color=colour, label=f"{label}: {values[-1]:.1f} %")
    accuracy.set(xlabel="epoch", ylabel="accuracy, %", title="accuracy")
    accuracy.legend(frameon=False, fontsize=8)
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.savefig(path, dpi=110)
