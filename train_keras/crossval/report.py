"""What a cross-validation says: predictions, the results store, and a section of docs/results.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from train_keras import evaluation, predictions
from train_keras.crossval.protocol import Outcome
from train_keras.crossval.recipe import CrossvalRecipe
from train_keras.evaluation import Scores
from train_keras.measures import SCHEMES
from train_keras.occlusion.masked import TEST_SEED
from train_keras.predictions import Predictions
from train_keras.reporting import store
from train_keras.reporting.store import Measurement
from train_keras.results import RESULTS, commit, write_section

_SHOWN = 3  # confusion matrices and columns that a section has room for


def report(recipe: CrossvalRecipe, outcome: Outcome, command: str) -> str:
    """Keep all folds' answers as one model's, and return the section's body, Markdown.

    Args:
        command: what a reader types to get this again.
    """
    body = []
    for name, faces in outcome.tests.items():
        answers = {worn: folds for (tested, worn), folds in outcome.answers.items() if tested == name}
        pooled = {worn: pool(folds) for worn, folds in answers.items()}
        order = np.argsort(faces.rows)
        people = None if faces.identities is None else faces.identities[order]
        records, scores = {}, {}
        for worn, answered in pooled.items():
            said = predictions.keep(answered)
            records[worn] = store.measure(
                said,
                command=command,
                commit=commit(),
                weights_sha256=outcome.weights_sha256,
                identities=people,
            )
            store.save(records[worn])
            scores[worn] = evaluation.score(said.probabilities, said.classes, SCHEMES[said.scheme])
        shown = {worn: scores[worn] for worn in list(scores)[:_SHOWN]}
        figure = Path("figures") / f"confusion_{recipe.name}_{name}.png"
        evaluation.draw_confusion(shown, RESULTS.parent / figure)
        body += [
            f"### {name}\n{_protocol(recipe, outcome, people)}",
            _table(outcome, answers, records, scores),
            evaluation.class_table(shown),
            f"![confusion matrices]({figure})",
        ]
    text = "\n\n".join(body)
    what = "Cross-data-set run of" if recipe.test else f"{len(outcome.folds)}-fold cross-validation of"
    write_section(f"crossval:{recipe.name}", f"{what} {recipe.name}", command, text)
    return text


def pool(folds: list[Predictions]) -> Predictions:
    """The folds' answers as one model's, in the order of the rows."""
    first = folds[0]
    rows = np.concatenate([fold.rows for fold in folds])
    order = np.argsort(rows)
    return Predictions(
        first.model,
        first.set,
        first.occlusion,
        rows[order],
        np.concatenate([fold.probabilities for fold in folds])[order],
        np.concatenate([fold.classes for fold in folds])[order],
    )


def accuracies(folds: list[Predictions]) -> list[float]:
    return [float(np.mean(fold.probabilities.argmax(1) == fold.classes)) for fold in folds]


def _protocol(recipe: CrossvalRecipe, outcome: Outcome, people: np.ndarray | None) -> str:
    data, start = recipe.data, recipe.model.start
    who = (
        "no face is in training and test"
        if people is None
        else f"{len(np.unique(people))} people, none of them in training and test"
    )
    how = (
        f"trained on {', '.join(source.set for source in recipe.train)}, tested on all faces"
        if recipe.test
        else f"every face tested once, in {len(outcome.folds)} folds"
    )
    return (
        f"{how[0].upper()}{how[1:]}; {who}. Labels: {', '.join(SCHEMES[data.labels])}. "
        f"{100 * data.masked:.0f} % of the training faces wear {' or '.join(data.occlusions)}, painted with "
        f"seed {recipe.seed}; test faces wear the fixed ones, seed {TEST_SEED}. "
        f"{f'Fine-tuned from `{start}`' if start else 'From random weights'}, "
        f"{recipe.optimiser.epochs} epochs. Per cent; the interval holds 95 %."
    )


def _table(
    outcome: Outcome,
    answers: dict[str, list[Predictions]],
    records: dict[str, Measurement],
    scores: dict[str, Scores],
) -> str:
    several = len(outcome.folds) > 1
    mean = " mean ± std of the folds |" if several else ""
    head = f"| faces wear | faces | accuracy | interval |{mean} macro precision | macro recall | macro F1 |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for worn, record in records.items():
        each, s = accuracies(answers[worn]), scores[worn]
        low, high = record.interval
        spread = f" {100 * np.mean(each):.2f} ± {100 * np.std(each, ddof=1):.2f} |" if several else ""
        lines.append(
            f"| {worn} | {record.faces} | **{100 * s.accuracy:.2f}** | {100 * low:.1f} to {100 * high:.1f} |"
            f"{spread} {100 * s.precision:.2f} | {100 * s.recall:.2f} | {100 * s.f1:.2f} |"
        )
    return "\n".join(lines)
