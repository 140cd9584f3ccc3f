"""`mien evaluate`: one classifier on a set's test faces, bare and occluded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.calibration import soften
from edge.errors import DataError
from train_keras import evaluation, predictions
from train_keras.data.faces import Faces, Split
from train_keras.data.merging import merge
from train_keras.data.sets import read_set
from train_keras.measures import SCHEMES, Scheme, scheme_of
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masked import TEST_SEED, Progress, occluded_test, quiet
from train_keras.predictions import Predictions
from train_keras.reporting import store
from train_keras.results import RESULTS, commit, write_section
from train_keras.subjects import Subject, open_subject

TITLES = {"ferplus": "FER+", "fer2013": "FER2013"}
TRUTHS = {"ferplus": "majority of the crowd", "fer2013": "its first labels"}
BARE = "full"
_SHOWN = 3  # confusion matrices and columns a section has room for


def evaluate_classifier(
    model: str,
    set_name: str,
    path: Path | None,
    kinds: Sequence[Occlusion],
    *,
    command: str,
    split: Split = Split.PRIVATE_TEST,
    progress: Progress = quiet,
) -> str:
    """Measure a classifier and keep what it said: predictions, the results store, a section of the results.

    Nothing is kept of another split than the test faces.

    Args:
        model: as `open_subject` takes it.
        set_name: of `train_keras.data.sets.SETS`.
        path: where the set lies; None for its usual place.
        kinds: occlusions beside the bare faces; every model meets the same ones.
        command: what a reader types to get this again.
        split: PUBLIC_TEST to choose and tune by, TRAINING to see what was learned by heart.
    Returns:
        The section's body, Markdown.
    Raises:
        DataError: the set has no such faces.
    """
    subject = open_subject(model)
    faces = faces_of(read_set(set_name, path, progress=progress), set_name, split)
    answers = {occlusion: _ask(subject, faces, set_name, occlusion, progress) for occlusion in (BARE, *kinds)}
    tested = split == Split.PRIVATE_TEST
    if tested:
        answers = {occlusion: predictions.keep(said) for occlusion, said in answers.items()}
    seven = {
        occlusion: evaluation.score(said.probabilities, said.classes, SCHEMES[said.scheme])
        for occlusion, said in answers.items()
    }
    shown = {occlusion: seven[occlusion] for occlusion in list(seven)[:_SHOWN]}
    tables = f"{evaluation.summary_table(seven)}\n\n{evaluation.class_table(shown)}"
    if not tested:
        return tables
    for said in answers.values():
        for scheme in _schemes(said):
            record = store.measure(
                said.merged(scheme), command=command, commit=commit(), weights_sha256=subject.digest
            )
            store.save(record)
    name = f"{subject.name}_{set_name}" if set_name != "ferplus" else subject.name
    figure = Path("figures") / f"confusion_{name}.png"
    evaluation.draw_confusion(shown, RESULTS.parent / figure)
    title = TITLES.get(set_name, set_name)
    body = "\n\n".join([
        f"{subject.what[0].upper()}{subject.what[1:]}: `{subject.name}` {subject.version}, weights sha256 "
        f"`{subject.digest[:12]}…`. {title} PrivateTest, {TRUTHS.get(set_name, 'its labels')}; "
        f"occlusions are painted, seed {TEST_SEED}. Per cent.",
        tables,
        f"![confusion matrices]({figure})",
    ])  # fmt: skip
    write_section(f"evaluate:{name}", f"Accuracy of {subject.name} on {title}", command, body)
    return body


def faces_of(faces: Faces, name: str, split: Split = Split.PRIVATE_TEST) -> Faces:
    """The faces of one split; by default those nobody trains or tunes on.

    Raises:
        DataError: the set has none.
    """
    chosen = faces.split(split)
    if not len(chosen):
        what = "test faces: use `mien crossval`" if split == Split.PRIVATE_TEST else f"{split.name} faces"
        raise DataError(f"{name} has no published {what}")
    return chosen


def _ask(subject: Subject, faces: Faces, set_name: str, occlusion: str, progress: Progress) -> Predictions:
    images = faces.images if occlusion == BARE else occluded_test(faces, occlusion, progress)[0]
    said = subject.answer(images)
    if occlusion == Occlusion.MASK:
        said = soften(said, subject.masked)
    truth = merge(faces, scheme_of(said))
    return Predictions(subject.name, set_name, occlusion, faces.rows, said, truth.classes)


def _schemes(said: Predictions) -> tuple[Scheme, ...]:
    """The labels the answers are scored in: their own, and a seven-way model's also in the coarse five."""
    return ("seven", "five") if said.scheme == "seven" else (said.scheme,)
