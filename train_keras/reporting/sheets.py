"""`mien explain`: draws where a Keras model looks on the demo clip's faces, bare and masked."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from edge.errors import ModelCorruptError, ModelMissingError
from edge.types import Image
from train_keras.measures import SCHEMES, scheme_of
from train_keras.predicting import probabilities
from train_keras.reporting.demo import demo_faces
from train_keras.reporting.insides import Panels, panels_of
from train_keras.reporting.sheet import Row, draw_sheet

FIGURES = Path("docs/figures")


def explain(
    model_file: Path, sheet: Path | None = None, layer: str | None = None, bare: int = 3, masked: int = 3
) -> str:
    """Draw a sheet, rows: faces of the demo clip; columns: the face and `panels_of` it.

    Args:
        model_file: a `.keras` file.
        sheet: where the PNG goes; None for docs/figures/explain_NAME.png, where the report looks for it.
        layer: whose map Grad-CAM weights; None for the last fine one.
        bare, masked: how many faces of each.
    Returns:
        One line: what was written and what the maps are of.
    Raises:
        ModelMissingError, ModelCorruptError: there is no such file, or Keras cannot read it.
    """
    model = load(model_file)
    name = _name(model_file, model)
    sheet = sheet or FIGURES / f"explain_{name}.png"
    faces = demo_faces(bare, masked)
    panels, notes = panels_of(model, faces, layer)
    rows = rows_of(model, faces, ["bare"] * bare + ["masked"] * masked, panels)
    draw_sheet(sheet, rows, f"Where {name} looks", "\n".join(notes))
    return f"wrote {sheet}: {'; '.join(notes)}"


def rows_of(model: keras.Model, faces: Image, titles: list[str], panels: Panels) -> list[Row]:
    """Rows of a sheet with the model's answers; `faces` uint8 [N, S, S]."""
    answers = probabilities(model, faces)
    labels = SCHEMES[scheme_of(answers)]
    return [
        Row(face, title, f"{labels[int(np.argmax(answer))]} {answer.max():.2f}", panel)
        for face, title, answer, panel in zip(faces, titles, answers, panels, strict=True)
    ]


def load(file: Path) -> keras.Model:
    """Read a `.keras` file without its optimiser."""
    if not file.is_file():
        raise ModelMissingError(
            f"no model {file}: give a .keras file, as `mien train` leaves it in runs/NAME"
        )
    try:
        return keras.saving.load_model(file, compile=False)
    except (ValueError, OSError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelCorruptError(f"{file} is no Keras model ({reason}): give a .keras file") from error


def _name(file: Path, model: keras.Model) -> str:
    """The run's name where the file lies in a run's folder."""
    return file.parent.name if file.stem.startswith(("model", "checkpoint")) else model.name
