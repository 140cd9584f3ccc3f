"""One fold: train on some faces, answer for others."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.types import Floats
from train_keras.crossval.material import Material
from train_keras.crossval.recipe import CrossvalRecipe
from train_keras.data.faces import Rows
from train_keras.recipe import DataRecipe, Recipe
from train_keras.runs import WEIGHTS

LOG = "log.txt"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A job.

    Attributes:
        name: of the fold.
        folder: of its training run.
        recipe: the whole protocol's.
        seed: of its training.
        training, watched: int64, which of the material's training faces are learnt from and watched.
        testing: int64 by the set's name, which of its faces are answered for.
    """

    name: str
    folder: Path
    recipe: CrossvalRecipe
    seed: int
    training: Rows
    watched: Rows
    testing: dict[str, Rows]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a fold's network said.

    Attributes:
        probabilities: float32 [N, C] by the set's name and what its faces wear.
        weights_sha256: of the network's file.
    """

    probabilities: dict[tuple[str, str], Floats]
    weights_sha256: str


def run_fold(material: Material, fold: Fold) -> Answers:
    """Train, or go on training, and answer. What Keras prints goes to `log.txt` in the fold's folder."""
    from train_keras.predicting import probabilities
    from train_keras.training import fit

    fold.folder.mkdir(parents=True, exist_ok=True)
    watched, pool = material.training[fold.watched], material.pool
    with (fold.folder / LOG).open("a", buffering=1) as log, contextlib.redirect_stdout(log):
        model = fit(
            training_recipe(fold),
            fold.folder,
            material.training[fold.training],
            None if pool is None else pool[:, fold.training],
            watched,
            watched.images if pool is None else pool[0, fold.watched],
        )
        answers = {
            (name, worn): np.asarray(probabilities(model, pictures[fold.testing[name]]), np.float32)
            for name, test in material.tests.items()
            for worn, pictures in test.pictures.items()
        }
    return Answers(answers, hashlib.sha256((fold.folder / WEIGHTS).read_bytes()).hexdigest())


def training_recipe(fold: Fold) -> Recipe:
    """The recipe of a single training run that this fold is."""
    recipe, data = fold.recipe, fold.recipe.data
    return Recipe(
        name=f"{recipe.name} {fold.name}",
        seed=fold.seed,
        model=recipe.model,
        data=DataRecipe(
            set="+".join(source.set for source in recipe.train),
            labels=data.labels,
            masked=data.masked,
            occlusions=data.occlusions,
            variants=data.variants,
            balance=data.balance,
        ),
        optimiser=recipe.optimiser,
        augmentation=recipe.augmentation,
    )
