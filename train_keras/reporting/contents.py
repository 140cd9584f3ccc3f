"""Everything the report shows, gathered and checked against each other before a line of it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.errors import DataError
from train_keras.comparison import Comparison, compare_all
from train_keras.measures import SCHEMES, Scheme
from train_keras.predictions import Predictions, load_all, require_same_faces
from train_keras.reporting.claims import Row, System, join, read_claims
from train_keras.reporting.store import Figure, Measurement, key_of, load_store

KERAS = "_keras"  # ends the names of networks that were measured before their conversion
OTHER = System(
    key="other",
    title="Other models",
    paper="",
    summary="What else was measured on the same faces.",
    models=("*",),
)


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """All pairs of models on one set, occlusion and labels."""

    set: str
    occlusion: str
    labels: Scheme
    comparisons: list[Comparison]


@dataclass(frozen=True, slots=True, eq=False)
class Chapter:
    """One system: its claims, what was measured of its models, and sheets of where they look.

    Attributes:
        measurements: with the answers they were made from, where those are at hand.
        sheets: model and PNG.
    """

    system: System
    rows: list[Row]
    measurements: list[tuple[Measurement, Predictions | None]]
    sheets: list[tuple[str, Path]]


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    chapters: list[Chapter]
    figures: list[Figure]
    rivals: list[Rivals]

    @property
    def rows(self) -> list[Row]:
        return [row for chapter in self.chapters for row in chapter.rows]


def gather(results: Path, claims: Path, predictions: Path, sheets: Path) -> Contents:
    """Read the store, the claims, the answers and the sheets (`explain_MODEL.png`).

    Raises:
        DataError: one of them is missing or damaged, or they contradict each other.
    """
    systems, claimed = read_claims(claims)
    store = load_store(results)
    answers = _by_key(load_all(predictions))
    rows = join(claimed, store)
    measured = [record for record in store.values() if isinstance(record, Measurement)]
    pairs = [(record, _agreeing(record, answers)) for record in measured]
    chapters, taken = [], set[str]()
    for system in (*systems, OTHER):
        own = [(m, p) for m, p in pairs if system.owns(m.model) and m.key not in taken]
        taken |= {record.key for record, _ in own}
        own.sort(key=lambda pair: _order(pair[0]))
        models = list(dict.fromkeys(record.model for record, _ in own))
        names = dict.fromkeys(model.removesuffix(KERAS) for model in models)
        pictures = [(name, sheets / f"explain_{name}.png") for name in names]
        chapters.append(
            Chapter(
                system,
                [row for row in rows if row.claim.system == system.key],
                own,
                [(model, path) for model, path in pictures if path.is_file()],
            )
        )
    figures = [record for record in store.values() if isinstance(record, Figure)]
    return Contents([c for c in chapters if c.rows or c.measurements], figures, _rivals(answers.values()))


def _order(record: Measurement) -> tuple[str, str, bool, str, int]:
    """By model and set, bare faces before covered ones, many labels before few."""
    covered = record.occlusion != "full"
    return record.model, record.set, covered, record.occlusion, list(SCHEMES).index(record.labels)


def _by_key(answers: Iterable[Predictions]) -> dict[str, Predictions]:
    return {key_of(p.model, p.set, p.occlusion, p.scheme): p for p in answers}


def _agreeing(record: Measurement, answers: Mapping[str, Predictions]) -> Predictions | None:
    """The answers a measurement was made from; None where they are not at hand."""
    found = answers.get(record.key)
    if found is None:
        whole = answers.get(key_of(record.model, record.set, record.occlusion, "seven"))
        if whole is None:
            return None
        found = whole.merged(record.labels)
    accuracy = float(np.mean(found.probabilities.argmax(1) == found.classes))
    if len(found) != record.faces or abs(accuracy - record.accuracy) > 1e-6:
        raise DataError(
            f"{found.name}.npz has {len(found)} faces at {accuracy:.4f}, {record.key}.json {record.faces} at "
            f"{record.accuracy:.4f}: evaluate the model again"
        )
    return found


def _rivals(answers: Iterable[Predictions]) -> list[Rivals]:
    """Models compared on the same faces; seven-way ones stand up merged where others know fewer labels, and
    are held against those others' labels."""
    groups: dict[tuple[str, str, Scheme], list[Predictions]] = {}
    for one in answers:
        groups.setdefault((one.set, one.occlusion, one.scheme), []).append(one)
    for (name, occlusion, scheme), group in list(groups.items()):
        if scheme != "seven":
            merged = [p.merged(scheme) for p in groups.get((name, occlusion, "seven"), [])]
            group += [replace(p, classes=group[0].classes) for p in merged if _same_rows(p, group[0])]
    for group in groups.values():
        for one in group[1:]:
            require_same_faces(group[0], one)
    return [Rivals(*key, compare_all(group)) for key, group in sorted(groups.items()) if len(group) > 1]


def _same_rows(one: Predictions, other: Predictions) -> bool:
    return np.array_equal(one.rows, other.rows)
