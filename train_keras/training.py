"""Trains one network by a recipe: checkpointed after every epoch, resumed after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from train_keras import models
from train_keras.batches import FaceBatches, scale_pixels
from train_keras.curves import draw_curves
from train_keras.data.faces import Faces, Split
from train_keras.data.ferplus import read_ferplus
from train_keras.occlusion.masked import Progress, masked_pool, masked_test, quiet
from train_keras.recipe import Recipe
from train_keras.runs import WEIGHTS, compiled_how, keep_epoch, keep_recipe, optimiser, resume, verbosity


def train(recipe: Recipe, run: Path, progress: Progress = quiet) -> keras.Model:
    """Train, or go on training, in the folder `run`.

    Every epoch leaves `checkpoint-N.keras` (weights and optimiser), `history.json` and `curves.png`; the
    last one leaves `model.keras`. PublicTest is watched, bare and masked; PrivateTest is never read.
    """
    faces = read_ferplus(recipe.data.fer2013, recipe.data.ferplus)
    training, watched = faces.split(Split.TRAINING)[: recipe.data.limit], faces.split(Split.PUBLIC_TEST)
    pool = masked_pool(training, recipe.seed, recipe.data.variants, progress)
    return fit(recipe, run, training, pool, watched, masked_test(watched, progress)[0])


def fit(
    recipe: Recipe,
    run: Path,
    training: Faces,
    pool: Any,
    watched: Faces,
    watched_masked: Any,
    *,
    until: int | None = None,
) -> keras.Model:
    """Train on faces and their masked pool; watch accuracy on `watched` bare and masked.

    Args:
        until: stop after this epoch, as a kill would; the next call goes on there.
    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    keep_recipe(recipe, run)
    keras.utils.set_random_seed(recipe.seed)
    batches = FaceBatches(
        training,
        pool,
        masked=recipe.data.masked,
        batch_size=recipe.optimiser.batch_size,
        seed=recipe.seed,
        augmentation=recipe.augmentation,
    )
    model, history = resume(run) or (_build(recipe, len(batches)), [])
    sets = {"full": watched.images, "masked": watched_masked}
    keeper = _Keeper(run, batches, history, sets, watched.classes)
    last = min(until or recipe.optimiser.epochs, recipe.optimiser.epochs)
    # The batches shuffle themselves, by seed and epoch, so that a resumed run sees the same ones.
    model.fit(
        batches,
        shuffle=False,
        initial_epoch=len(history),
        epochs=last,
        callbacks=[keeper],
        verbose=verbosity(),
    )
    if len(history) >= recipe.optimiser.epochs:
        model.save(run / WEIGHTS)
    return model


def _build(recipe: Recipe, steps: int) -> keras.Model:
    model = models.build(recipe.model.builder, **recipe.model.options)
    model.compile(
        optimiser(recipe.optimiser, steps),
        "categorical_crossentropy",
        metrics=["categorical_accuracy"],
        jit_compile=compiled_how(),
    )
    return model


class _Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the batches the epoch, watches accuracy and keeps everything a resumed run needs."""

    def __init__(
        self,
        run: Path,
        batches: FaceBatches,
        history: list[dict[str, float]],
        sets: dict[str, Any],
        classes: Any,
    ) -> None:
        super().__init__()
        self.run, self.batches, self.history, self.sets, self.classes = run, batches, history, sets, classes

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.batches.epoch = epoch
        # Keras saves weights and optimiser but not the state of its random generators: dropout would draw
        # anew after a resume. So its noise follows from the seed and the step, as the batches do.
        generators = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for number, state in enumerate(generators):
            state.assign([self.batches.seed + number, epoch * len(self.batches)])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        row = {"epoch": float(epoch + 1), **{name: float(value) for name, value in (logs or {}).items()}}
        for name, images in self.sets.items():
            probabilities = self.model.predict(scale_pixels(images), batch_size=512, verbose=0)
            row[f"public_{name}"] = float(np.mean(probabilities.argmax(1) == self.classes))
        self.history.append(row)
        keep_epoch(self.run, self.model, self.history)
        draw_curves(self.history, self.run / "curves.png")
