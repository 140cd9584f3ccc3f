"""`mien evaluate detector`: mien's detector and its peers on the same photographs, in one run."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from edge.errors import OutputError
from train_keras.data.masked_faces import PhotoSplit, read_masked_faces
from train_keras.detection.evaluation import measures
from train_keras.detection.evaluation.lean import COUNT, faces_to_turn, lean_figures
from train_keras.detection.evaluation.measures import Figures, Measured
from train_keras.detection.evaluation.misses import draw_misses
from train_keras.detection.evaluation.peers import SIDES, Field, gather
from train_keras.detection.evaluation.plots import draw_curves
from train_keras.detection.evaluation.report import write_lean, write_report
from train_keras.detection.evaluation.running import Found, collect, time_all, witnesses
from train_keras.detection.evaluation.scenes import Scene, fit
from train_keras.occlusion.masked import Progress, quiet
from train_keras.results import RESULTS, write_section

TIMED = 100  # pictures
COMMAND, DEFAULT = "mien evaluate detector", "facet"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `mien evaluate detector` was told.

    Attributes:
        photos: masked_faces.zip.
        detectors: specs of `open_detector`; the first is the one under test, the others stand beside it.
        yunet: YuNet's network.
        centerface: CenterFace's network; None goes without.
        threshold: of the detectors under test; None takes what mien ships.
        minimum: least longer side of a face that counts, in pixels of the frame.
        split: TEST is for the final figures, VALIDATION for everything that is chosen by looking at figures,
            TRAINING for telling what was not learnt from what was learnt by heart.
        runs: folder for the JSON file and, but for TEST, for the curves.
        sheet: where the sheet of misses goes.
        timed: how many pictures the detectors are timed on.
        fer2013: FER2013, whose test faces are turned; None goes without.
        turned: how many of them.
    """

    photos: Path
    detectors: Sequence[str]
    yunet: Path
    centerface: Path | None = None
    threshold: float | None = None
    minimum: float = 40.0
    split: PhotoSplit = PhotoSplit.TEST
    runs: Path = Path("runs")
    sheet: Path = Path("runs/misses.png")
    timed: int = TIMED
    fer2013: Path | None = None
    turned: int = COUNT


def evaluate_detectors(settings: Settings, progress: Progress = quiet) -> str:
    """Run the comparison; write its JSON file, curves and sheet of misses, and return the report.

    On the test split the report also goes into docs/results.md, and the curves beside it.

    Raises:
        DataError: the photographs or the faces to turn are missing or damaged.
        DependencyError: dlib's landmarks, for masks on the faces to turn, are not installed.
        MienError: a detector under test cannot be opened; peers that cannot be are listed in the report.
        OutputError: a file cannot be written.
    """
    _make_folders(settings.runs, settings.sheet.parent)
    scenes = [fit(photo) for photo in read_masked_faces(settings.photos, settings.split)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        field = gather(settings.detectors, settings.yunet, settings.centerface, settings.threshold)
        found = collect(field.detectors, scenes, progress)
        times = time_all(field.running, scenes[: settings.timed], progress)
        lean = _lean(settings, field, progress)
    finally:
        cv2.setNumThreads(threads)
    measured = measures.measure(field.running, scenes, found, settings.minimum)
    figures = _figures(settings, field, measured, scenes, found)
    figures["lean"] = lean
    figures["milliseconds"] = measures.time_figures(times, field.running)
    primary = field.primary
    draw_misses(
        settings.sheet, scenes, found[primary.name], primary.threshold, settings.minimum,
        witnesses(field.running, found, primary.family),
    )  # fmt: skip
    final = settings.split is PhotoSplit.TEST
    stem = "detector" if final else f"detector_{settings.split.name.lower()}"
    _write_json(settings.runs / f"{stem}.json", figures)
    curves = Path("figures/detector_curves.png") if final else settings.runs / f"{stem}_curves.png"
    draw_curves(measured, RESULTS.parent / curves if final else curves)
    report = write_report(figures, curves)
    if final:
        write_section("evaluate:detector", "Face detection", _command(settings), report)
    return report


def evaluate_lean(settings: Settings, progress: Progress = quiet) -> str:
    """Measure only how landmarks follow turned faces, of the detectors at the main size; write
    `detector_lean.json` and return the report.

    Raises:
        DataError: FER2013 is missing or damaged.
        DependencyError: dlib's landmarks, for the masks, are not installed.
        MienError: a detector under test cannot be opened.
        OutputError: a file cannot be written.
    """
    _make_folders(settings.runs)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        field = gather(
            settings.detectors, settings.yunet, settings.centerface, settings.threshold, only=SIDES[0]
        )
        lean = _lean(settings, field, progress)
    finally:
        cv2.setNumThreads(threads)
    figures = {"lean": lean, "not_run": field.absent}
    _write_json(settings.runs / "detector_lean.json", figures)
    return write_lean(figures)


def _lean(settings: Settings, field: Field, progress: Progress) -> Figures:
    """Of the detectors that look at the main size; nothing without faces to turn."""
    if settings.fer2013 is None:
        return {}
    faces = faces_to_turn(settings.fer2013, settings.turned, progress)
    chosen = {c.name: c.make(c.threshold) for c in field.running if c.side == SIDES[0]}
    return {"faces": len(faces["bare"]), "detectors": lean_figures(chosen, faces, progress)}


def _figures(
    settings: Settings, field: Field, measured: Sequence[Measured], scenes: Sequence[Scene], found: Found
) -> Figures:
    states = measured[0].touching.states
    by_name = {one.contender.name: one for one in measured}
    ours = [one for one in measured if one.contender.tested]
    return {
        "split": settings.split.name.lower(),
        "pictures": len(scenes),
        "primary": field.primary.name,
        "timed": min(settings.timed, len(scenes)),
        "minimum": settings.minimum,
        "faces": {name: int(chosen.sum()) for name, chosen in measures.groups(states).items()},
        "detectors": {
            name: measures.detector_figures(one, settings.minimum) for name, one in by_name.items()
        },
        "witnesses": [contender.name for contender in field.running if contender.witness],
        "at_yunets_false_boxes": [
            row
            for one in ours
            if (peer := by_name.get(f"YuNet {one.contender.side}"))
            for row in measures.equal_false_boxes(one, peer)
        ],
        "sweep": measures.sweep(measured[0]) if settings.split is PhotoSplit.VALIDATION else [],
        "landmarks": measures.landmark_figures(measured, scenes, found, settings.minimum),
        "mask_state": measures.state_figures(measured, scenes, found, settings.minimum),
        "not_run": field.absent,
    }


def _command(settings: Settings) -> str:
    specs = [] if list(settings.detectors) == [DEFAULT] else settings.detectors
    peers = [] if settings.centerface is None else [f"--centerface {settings.centerface.name}"]
    return " ".join([COMMAND, *(f"--detector {spec}" for spec in specs), *peers])


def _make_folders(*folders: Path) -> None:
    """First of all: a run takes minutes, and what it found should have somewhere to go."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder} ({error.strerror}): give another") from error


def _write_json(path: Path, figures: Figures) -> None:
    try:
        path.write_text(json.dumps(_plain(figures), indent=2) + "\n")
    except OSError as error:
        raise OutputError(f"cannot write {path} ({error.strerror}): give another with --runs") from error


def _plain(value: Any) -> Any:
    """JSON knows no NaN: what could not be measured is null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
