"""What can be measured on faces: a bundle through the device's classifier, or a run's Keras network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras

from edge import bundles
from edge.classifier import Classifier
from edge.types import Floats, Image
from train_keras.models.outputs import expression_only
from train_keras.predicting import both_sides, probabilities, resize_crops
from train_keras.recipe import Recipe
from train_keras.runs import RECIPE, WEIGHTS


@dataclass(frozen=True, slots=True)
class Subject:
    """A classifier of faces.

    Attributes:
        name: it is reported under.
        what: in words, of what kind it is.
        version: of the bundle; empty for a run.
        weights: the file that holds them.
        answer: uint8 [N, S, S] grey faces of any size to float32 [N, C] probabilities.
        abstain_below: the coarse probability below which a bundle abstains; None for a run.
    """

    name: str
    what: str
    version: str
    weights: Path
    answer: Callable[[Image], Floats]
    abstain_below: float | None = None


def open_subject(model: str) -> Subject:
    """Open a shipped model by its name, a bundle by its folder, or a training run by its folder.

    Raises:
        ModelMissingError: there is neither.
    """
    run = Path(model)
    if (run / WEIGHTS).is_file():
        network = expression_only(keras.saving.load_model(run / WEIGHTS, compile=False))
        mirror = _mirrors(run / RECIPE)
        return Subject(
            f"{run.name}_keras",
            "Keras network",
            "",
            run / WEIGHTS,
            lambda faces: both_sides(partial(probabilities, network), faces, mirror),
        )
    bundle = bundles.load(model)
    classifier = Classifier(bundle)
    return Subject(
        bundle.manifest.name,
        f"{bundle.manifest.quantisation} bundle, through the device's classifier",
        bundle.manifest.version,
        bundle.model,
        lambda faces: classifier.classify(resize_crops(faces, classifier.size)),
        bundle.manifest.calibration.abstain_below,
    )


def _mirrors(recipe: Path) -> bool:
    """Whether a run's recipe says that a face's mirror image is looked at too."""
    return recipe.is_file() and Recipe.model_validate_json(recipe.read_bytes()).model.mirror
