"""Trains one network by a recipe: checkpointed after every epoch, resumed after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.types import Floats, Image
from train_keras import models
from train_keras.batches import FaceBatches
from train_keras.curves import draw_curves
from train_keras.data.faces import Faces, Split
from train_keras.distillation import DistillationLoss, label_accuracy, teacher_logits
from train_keras.occlusion.masked import Progress, masked_pool, masked_test, quiet
from train_keras.predicting import probabilities
from train_keras.recipe import Recipe
from train_keras.runs import (
    WEIGHTS,
    History,
    compiled_how,
    keep_best,
    keep_epoch,
    keep_recipe,
    read_best,
    resume,
    verbosity,
)
from train_keras.schedules import best_epoch, learning_rate, optimiser, stops
from train_keras.starting import take_over

Batches = Any  # a PyDataset with `epoch` and `seed`


def train(recipe: Recipe, run: Path, progress: Progress = quiet) -> keras.Model:
    """Train, or go on training, in the folder `run`.

    Every epoch leaves `checkpoint-N.keras` (weights and optimiser), `history.json` and `curves.png`; the
    last one leaves `model.keras`. PublicTest is watched, bare and masked; PrivateTest is never read.
    """
    faces = read_faces(recipe)
    training, watched = faces.split(Split.TRAINING)[: recipe.data.limit], faces.split(Split.PUBLIC_TEST)
    masked = recipe.data.masked > 0
    pool = masked_pool(training, recipe.seed, recipe.data.variants, progress) if masked else None
    watched_masked = masked_test(watched, progress)[0]
    few = slice(recipe.data.watched)
    teacher = None
    if recipe.distillation is not None:
        teacher = teacher_logits(recipe.distillation.teacher, training.images, run)
    return fit(recipe, run, training, pool, watched[few], watched_masked[few], teacher=teacher)


def fit(
    recipe: Recipe,
    run: Path,
    training: Faces,
    pool: Image | None,
    watched: Faces,
    watched_masked: Image,
    *,
    teacher: Floats | None = None,
    until: int | None = None,
) -> keras.Model:
    """Train on faces and their masked pool; watch accuracy on `watched` bare and masked.

    Args:
        pool: uint8 [V, N, S, S]; None where nothing is masked.
        teacher: float32 [N, C], logits of the bare training faces, where the recipe distils.
        until: stop after this epoch, as a kill would; the next call goes on there.
    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    keep_recipe(recipe, run)
    keras.utils.set_random_seed(recipe.seed)
    batches = FaceBatches(
        training,
        training.images[None] if pool is None else pool,
        masked=recipe.data.masked,
        batch_size=recipe.optimiser.batch_size,
        seed=recipe.seed,
        augmentation=recipe.augmentation,
        side=network(recipe).input_shape[1],
        balance=recipe.data.balance,
        teacher=teacher,
    )
    distilled = recipe.distillation
    loss = (
        "categorical_crossentropy"
        if distilled is None
        else DistillationLoss(distilled.alpha, distilled.temperature)
    )
    sets = {"full": watched.images, "masked": watched_masked}
    return run_epochs(
        recipe,
        run,
        batches,
        {"loss": loss, "metrics": [keras.metrics.MeanMetricWrapper(label_accuracy, "categorical_accuracy")]},
        lambda model: {
            f"public_{name}": float(np.mean(probabilities(model, images).argmax(1) == watched.classes))
            for name, images in sets.items()
        },
        until=until,
    )


def run_epochs(
    recipe: Recipe,
    run: Path,
    batches: Batches,
    compiled: dict[str, Any],
    watch: Callable[[keras.Model], dict[str, float]],
    *,
    until: int | None = None,
) -> keras.Model:
    """Build or resume the recipe's network, train it epoch by epoch, keep it.

    Args:
        batches: what is trained on.
        compiled: `loss`, `metrics` and the like, as `keras.Model.compile` takes them.
        watch: columns of the history, measured after every epoch.
        until: stop after this epoch, as a kill would.
    Returns:
        The network of the last epoch, or of the best one where the recipe stops early; in float32.
    """
    model, history = resume(run) or (_begin(recipe, len(batches), compiled), [])
    last = min(until or recipe.optimiser.epochs, recipe.optimiser.epochs)
    if len(history) < last and not stops(recipe.optimiser, history):
        # The batches shuffle themselves, by seed and epoch, so that a resumed run sees the same ones.
        model.fit(
            batches,
            shuffle=False,
            initial_epoch=len(history),
            epochs=last,
            callbacks=[_Keeper(recipe, run, batches, history, watch)],
            verbose=verbosity(),
        )
    if stops(recipe.optimiser, history):
        model = _finish(recipe, run, model)
    return model


def network(recipe: Recipe) -> keras.Model:
    """The recipe's network, untrained, in float32."""
    return models.build(recipe.model.builder, **recipe.model.options)


def read_faces(recipe: Recipe) -> Faces:
    """All faces of the recipe's set, with the recipe's labels; no training face is a test face's copy."""
    from train_keras.data.fer2013 import read_fer2013
    from train_keras.data.ferplus import read_ferplus

    if recipe.data.set == "ferplus":
        return read_ferplus(recipe.data.fer2013, recipe.data.ferplus)
    return read_fer2013(recipe.data.fer2013).without_leaks()


def _begin(recipe: Recipe, steps: int, compiled: dict[str, Any]) -> keras.Model:
    keras.config.set_dtype_policy(recipe.optimiser.precision)
    try:
        model = network(recipe)
    finally:
        keras.config.set_dtype_policy("float32")
    if recipe.model.start is not None:
        take_over(recipe.model.start, model)
    model.compile(optimiser(recipe.optimiser, steps), jit_compile=compiled_how(), **compiled)
    return model


def _finish(recipe: Recipe, run: Path, model: keras.Model) -> keras.Model:
    """Keep the weights that count, in a network that computes in float32."""
    if recipe.optimiser.stop_after is not None:
        model = read_best(run)
    if recipe.optimiser.precision != "float32":
        weights, model = model.get_weights(), network(recipe)
        model.set_weights(weights)
    model.save(run / WEIGHTS)
    return model


class _Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the batches the epoch, sets the learning rate, watches and keeps all that a resumed run needs."""

    def __init__(
        self,
        recipe: Recipe,
        run: Path,
        batches: Batches,
        history: History,
        watch: Callable[[keras.Model], dict[str, float]],
    ) -> None:
        super().__init__()
        self.recipe, self.run, self.batches, self.history, self.watch = recipe, run, batches, history, watch

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.batches.epoch = epoch
        rate = learning_rate(self.recipe.optimiser, self.history)
        if rate is not None:
            self.model.optimizer.learning_rate = rate
        # Keras saves weights and optimiser but not the state of its random generators: dropout would draw
        # anew after a resume. So its noise follows from the seed and the step, as the batches do.
        generators = [v for v in self.model.variables if v.name == "seed_generator_state"]
        for number, state in enumerate(generators):
            state.assign([self.batches.seed + number, epoch * len(self.batches)])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        row = {"epoch": float(epoch + 1), **{name: float(value) for name, value in (logs or {}).items()}}
        row |= self.watch(self.model)
        self.history.append(row)
        how = self.recipe.optimiser
        if how.stop_after is not None and best_epoch(how, self.history) == len(self.history):
            keep_best(self.run, self.model)
        keep_epoch(self.run, self.model, self.history)
        draw_curves(self.history, self.run / "curves.png")
        if stops(how, self.history):
            self.model.stop_training = True
