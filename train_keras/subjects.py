"""What can be measured on faces: a bundle through the device's classifier, or a run's Keras network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from edge import bundles
from edge.classifier import Classifier
from edge.types import Floats, Image
from train_keras.models.outputs import expression_only
from train_keras.predicting import both_sides, probabilities, resize_crops
from train_keras.recipe import Recipe
from train_keras.runs import RECIPE, WEIGHTS

KERAS = "_keras"  # after a run's name, whose bundle may bear the same


@dataclass(frozen=True, slots=True)
class Subject:
    """A classifier of faces.

    Attributes:
        name: it is reported under.
        what: in words, of what kind it is.
        version: of the bundle; empty for a run.
        weights: the files that hold them.
        answer: uint8 [N, S, S] grey faces of any size to float32 [N, C] probabilities.
        abstain_below: the coarse probability below which a bundle abstains; None for a run.
        masked: the further temperature of a bundle for masked faces, which the device applies where its
            detector sees a mask.
    """

    name: str
    what: str
    version: str
    weights: tuple[Path, ...]
    answer: Callable[[Image], Floats]
    abstain_below: float | None = None
    masked: float = 1.0

    @property
    def digest(self) -> str:
        """sha256 of the weights, in hexadecimal."""
        return hashlib.sha256(b"".join(file.read_bytes() for file in self.weights)).hexdigest()


def open_subject(model: str) -> Subject:
    """Open a shipped model by its name, a bundle by its folder, or a training run by its folder; or several
    with + between them as one, an ensemble.

    Raises:
        ModelMissingError: there is neither.
    """
    if len(members := model.split("+")) > 1:
        return _ensemble([open_subject(member) for member in members])
    run = Path(model)
    if (run / WEIGHTS).is_file():
        network = expression_only(keras.saving.load_model(run / WEIGHTS, compile=False))
        mirror = _mirrors(run / RECIPE)
        return Subject(
            f"{run.name}{KERAS}",
            "Keras network",
            "",
            (run / WEIGHTS,),
            lambda faces: both_sides(partial(probabilities, network), faces, mirror),
        )
    bundle = bundles.load(model)
    classifier = Classifier(bundle)
    return Subject(
        bundle.manifest.name,
        f"{bundle.manifest.quantisation} bundle, through the device's classifier",
        bundle.manifest.version,
        (bundle.model,),
        lambda faces: classifier.classify(resize_crops(faces, classifier.size)),
        bundle.manifest.calibration.abstain_below,
        bundle.manifest.calibration.masked,
    )


def _ensemble(members: Sequence[Subject]) -> Subject:
    """Each member is shown the faces and their mirror images; the answer is the mean of what all say."""

    def answer(faces: Image) -> Floats:
        return np.asarray(np.mean([both_sides(each.answer, faces) for each in members], axis=0), np.float32)

    return Subject(
        "_".join(["ensemble", *(each.name.removesuffix(KERAS) for each in members)]),
        f"mean of the answers of {', '.join(each.name for each in members)} to a face and its mirror image",
        "",
        tuple(file for each in members for file in each.weights),
        answer,
    )


def _mirrors(recipe: Path) -> bool:
    """Whether a run's recipe says that a face's mirror image is looked at too."""
    return recipe.is_file() and Recipe.model_validate_json(recipe.read_bytes()).model.mirror
