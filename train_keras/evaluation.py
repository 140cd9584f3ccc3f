"""Accuracy of a classifier on labelled faces, bare and masked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from edge.labels import LABELS
from edge.types import Floats
from train_keras.data.faces import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of one classifier on one set; shares, not per cent.

    Attributes:
        accuracy, precision, recall, f1: the last three macro-averaged.
        per_class: float [C, 3], precision, recall and F1 of each label.
        confusion: int [C, C], truth down, answer across.
        labels: names of the C classes.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    per_class: Floats
    confusion: Rows
    labels: tuple[str, ...] = LABELS

    @property
    def support(self) -> Rows:
        return self.confusion.sum(1)


def score(probabilities: Floats, classes: Rows, labels: tuple[str, ...] = LABELS) -> Scores:
    """Compare probabilities [N, C] with labels [N].

    Raises:
        ValueError: C is not the number of labels.
    """
    if probabilities.shape[1] != len(labels):
        raise ValueError(f"{probabilities.shape[1]} probabilities a face for {len(labels)} labels")
    answers = probabilities.argmax(1)
    known = list(range(len(labels)))
    each = precision_recall_fscore_support(classes, answers, labels=known, zero_division=0)[:3]
    table = np.stack(each, 1)
    precision, recall, f1 = table.mean(0)
    return Scores(
        accuracy=float(accuracy_score(classes, answers)),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        per_class=table,
        confusion=confusion_matrix(classes, answers, labels=known),
        labels=labels,
    )


def summary_table(scores: dict[str, Scores]) -> str:
    """One Markdown row a set."""
    head = (
        "| set | faces | accuracy | macro precision | macro recall | macro F1 |\n|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(
        f"| {name} | {s.support.sum()} | **{100 * s.accuracy:.2f}** | {100 * s.precision:.2f} | "
        f"{100 * s.recall:.2f} | {100 * s.f1:.2f} |"
        for name, s in scores.items()
    )


def class_table(scores: dict[str, Scores]) -> str:
    """One Markdown row a label: faces, then precision / recall / F1 on each set."""
    head = f"| label | faces | {' | '.join(f'{name}: P / R / F1' for name in scores)} |\n"
    head += "|---" * (2 + len(scores)) + "|\n"
    first = next(iter(scores.values()))
    rows = []
    for i, label in enumerate(first.labels):
        cells = [" / ".join(f"{100 * value:.1f}" for value in s.per_class[i]) for s in scores.values()]
        rows.append(f"| {label} | {first.support[i]} | {' | '.join(cells)} |")
    return head + "\n".join(rows)


def draw_confusion(scores: dict[str, Scores], path: Path) -> None:
    """Row-normalised confusion matrices side by side, PNG."""
    figure = Figure(figsize=(5.4 * len(scores), 4.9), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(scores)))
    for axes, (name, s) in zip(panels, scores.items(), strict=True):
        shares = 100 * s.confusion / np.maximum(s.support[:, None], 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for row, column in np.ndindex(shares.shape):
            colour = "white" if shares[row, column] > 55 else "#333"
            axes.text(
                column, row, f"{shares[row, column]:.0f}", ha="center", va="center", color=colour, fontsize=8
            )
        axes.set_xticks(range(len(s.labels)), s.labels, rotation=40, ha="right")
        axes.set_yticks(
            range(len(s.labels)), [f"{label} ({n})" for label, n in zip(s.labels, s.support, strict=True)]
        )
        axes.set(xlabel="answer", title=f"{name}: {100 * s.accuracy:.1f} % of {s.support.sum()}")
        axes.tick_params(length=0)
    panels[0].set_ylabel("crowd's majority (faces)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
