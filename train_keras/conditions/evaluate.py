"""`mien evaluate MODEL --conditions`: how a classifier holds up away from the standard test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from edge.cameras.demo import CLIP
from edge.errors import ConfigError
from train_keras.conditions.answers import ask_all
from train_keras.conditions.looks import group, look_at, measure_groups
from train_keras.conditions.plots import draw_severity, draw_trust
from train_keras.conditions.record import ConditionsRecord, save_record
from train_keras.conditions.scores import measure_abstention, measure_reliability
from train_keras.conditions.section import body
from train_keras.conditions.sheet import draw_sheet
from train_keras.data.sets import read_set
from train_keras.evaluating import faces_of
from train_keras.measures import scheme_of
from train_keras.occlusion.cuttings import read_cuttings
from train_keras.occlusion.masked import Progress, find_landmarks, quiet
from train_keras.results import RESULTS, commit, write_section
from train_keras.subjects import open_subject

SHEET = Path("figures/conditions.png")


def evaluate_conditions(
    model: str, data: Path | None, photos: Path, *, command: str, progress: Progress = quiet
) -> str:
    """Measure a classifier in every condition; keep a record, three figures and a section of the results.

    Args:
        model: as `open_subject` takes it.
        data: where FER+ lies; None for its usual place.
        photos: masked_faces.zip, whose training photographs lend real masks and what hides a side.
        command: what a reader types to get this again.
    Returns:
        The section's body, Markdown.
    Raises:
        ConfigError: the model does not answer in seven labels.
        DataError: a data set is missing or damaged.
    """
    subject = open_subject(model)
    faces = faces_of(read_set("ferplus", data, progress=progress), "ferplus")
    if scheme_of(subject.answer(faces.images[:1])) != "seven":
        raise ConfigError(
            f"{subject.name} does not answer in seven labels: --conditions needs a model that does"
        )
    cuttings = read_cuttings(photos, progress)
    classes = faces.classes
    measured = ask_all(
        subject.answer, faces, classes, cuttings, subject.abstain_below, progress, subject.masked
    )
    points, seen = find_landmarks(faces.images, progress)
    groups = group(look_at(faces.images, points), seen)
    record = ConditionsRecord(
        model=subject.name,
        what=subject.what,
        version=subject.version,
        weights_sha256=subject.digest,
        protocol=f"FER+ PrivateTest, majority of the crowd, {len(faces):,} faces",
        abstain_below=subject.abstain_below,
        rows=tuple(measured.rows),
        framing=tuple(measured.framing),
        reliability=tuple(measure_reliability(k, p, classes) for k, p in measured.answers.items()),
        abstention=tuple(
            measure_abstention(k, p, classes, subject.abstain_below) for k, p in measured.answers.items()
        ),
        groups=tuple(
            row
            for on in ("bare", "masked")
            for row in measure_groups(groups, on, measured.answers[on], classes)
        ),
        command=command,
        commit=commit(),
        date=datetime.now(UTC).date(),
    )
    save_record(record)
    return write(record)


def write(record: ConditionsRecord) -> str:
    """Draw a record's figures and write its section; returns the section's body."""
    severity, trust = (Path(f"figures/{name}_{record.model}.png") for name in ("conditions", "trust"))
    draw_sheet(CLIP, RESULTS.parent / SHEET)
    draw_severity(record, RESULTS.parent / severity)
    draw_trust(record, RESULTS.parent / trust)
    text = body(record, (SHEET.as_posix(), severity.as_posix(), trust.as_posix()))
    title = f"{record.model} away from the standard test"
    write_section(f"conditions:{record.model}", title, record.command, text)
    return text
