"""What the commands print for people, and `mien predict`'s JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from edge.classifier import Classifier
from edge.doctor import Check, as_report
from edge.predict import Prediction, Predictor, find_pictures
from edge.settings import Settings
from edge.store.choosing import load_detector, load_model
from edge.watching import make_detector, set_vision_threads

MANY = 32  # files from which a progress bar is worth its place
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def print_predictions(settings: Settings, paths: list[str], faces: bool, jsonl: bool) -> None:
    """Print one object or table row for each face in the pictures.

    Raises:
        MienError: a path, the model or the detector cannot be used.
    """
    pictures = find_pictures(paths)
    set_vision_threads(settings.detector.threads)
    detector = None if faces else make_detector(settings.detector, load_detector(settings))
    classifier = Classifier(load_model(settings.model), settings.model.threads, settings.model.mirror)
    predictor = Predictor(classifier, detector)
    batches = _with_progress(predictor.predict(pictures), len(pictures))
    if jsonl:
        for batch in batches:
            for prediction in batch:
                print(json.dumps(prediction.to_dict(), separators=(",", ":")))
        sys.stdout.flush()  # here, so that a reader who has gone is met where it is expected
    else:
        _print_table(prediction for batch in batches for prediction in batch)
    if predictor.skipped:
        print(f"mien: {predictor.skipped} of {len(pictures)} pictures could not be read", file=sys.stderr)


def _with_progress(batches: Iterator[tuple[int, list[Prediction]]], total: int) -> Iterator[list[Prediction]]:
    console = Console(stderr=True)
    hidden = total < MANY or not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("pictures", total=total)
        for count, batch in batches:
            progress.advance(task, count)
            yield batch


def _print_table(predictions: Iterable[Prediction]) -> None:
    table = Table(Column("file", overflow="fold"), Column("box", no_wrap=True), "expression", "coarse")
    for prediction in predictions:
        row, face = prediction.to_dict(), prediction.face
        box = "" if face is None else " ".join(str(round(float(side))) for side in face.box)
        label, coarse = row["label"], max(row["coarse"], key=row["coarse"].get)
        unsure = ", unsure" if row["abstained"] else ""
        table.add_row(
            Text(prediction.file),  # a file's name may hold what looks like markup
            box,
            f"{label} {row['probabilities'][label]:.2f}",
            f"{coarse} {row['coarse'][coarse]:.2f}{unsure}",
        )
    Console().print(table)


def print_checks(checks: Iterable[Check]) -> bool:
    """Print what `doctor.examine` found; whether the main job can be done."""
    table = Table("check", "", Column("found", overflow="fold"), Column("what to do", overflow="fold"))
    able = True
    for check in checks:
        able &= check.status != "fail"
        status = Text(check.status, style=COLOURS[check.status])
        table.add_row(check.name, status, Text(check.found), Text(check.mend))
    Console().print(table)
    return able


def print_checks_as_json(checks: Iterable[Check]) -> bool:
    """The same as one JSON object."""
    found = list(checks)
    print(json.dumps(as_report(found), indent=2, ensure_ascii=False))
    return all(check.status != "fail" for check in found)
