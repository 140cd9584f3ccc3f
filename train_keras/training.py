"""Trains one network by a recipe: checkpointed after every epoch, resumed after a kill."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.errors import ConfigError
from train_keras import models
from train_keras.batches import FaceBatches, scale_pixels
from train_keras.curves import draw_curves
from train_keras.data.faces import Faces, Split
from train_keras.data.ferplus import read_ferplus
from train_keras.occlusion.masked import Progress, masked_pool, masked_test, quiet
from train_keras.recipe import Recipe

WEIGHTS, HISTORY, RECIPE = "model.keras", "history.json", "recipe.json"


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
    run.mkdir(parents=True, exist_ok=True)
    _keep_recipe(recipe, run)
    keras.utils.set_random_seed(recipe.seed)
    batches = FaceBatches(
        training,
        pool,
        masked=recipe.data.masked,
        batch_size=recipe.optimiser.batch_size,
        seed=recipe.seed,
        augmentation=recipe.augmentation,
    )
    model, history = _resume(run) or (_build(recipe, len(batches)), [])
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
        verbose=_verbosity(),
    )
    if len(history) >= recipe.optimiser.epochs:
        model.save(run / WEIGHTS)
    return model


def _keep_recipe(recipe: Recipe, run: Path) -> None:
    """Write the recipe into a new run's folder; a run goes on by the recipe it began with or not at all."""
    file, text = run / RECIPE, recipe.model_dump_json(indent=1)
    if file.is_file() and file.read_text() != text:
        raise ConfigError(f"{run} holds a run of another recipe ({file}): give another folder with --run")
    _write(file, text)


def _build(recipe: Recipe, steps: int) -> keras.Model:
    model = models.build(recipe.model.builder, **recipe.model.options)
    optimiser = recipe.optimiser
    warmup = round(optimiser.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=optimiser.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(optimiser.epochs * steps - warmup, 1),
    )
    adam = keras.optimizers.AdamW(schedule, weight_decay=optimiser.weight_decay)
    model.compile(
        adam,
        "categorical_crossentropy",
        metrics=["categorical_accuracy"],
        jit_compile="auto" if _on_jax() else False,
    )
    return model


def _resume(run: Path) -> tuple[keras.Model, list[dict[str, float]]] | None:
    """The model as of the history's last epoch, and the history."""
    if not (run / HISTORY).is_file():
        return None
    history = json.loads((run / HISTORY).read_text())
    return keras.saving.load_model(_checkpoint(run, len(history))), history


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
        # Checkpoint, history, clean-up: a kill between any two leaves a pair that belongs together.
        self.model.save(_checkpoint(self.run, epoch + 1))
        _write(self.run / HISTORY, json.dumps(self.history, indent=1))
        _checkpoint(self.run, epoch).unlink(missing_ok=True)
        draw_curves(self.history, self.run / "curves.png")
        print("  ".join(f"{name} {value:.4f}" for name, value in row.items()), flush=True)


def _checkpoint(run: Path, epoch: int) -> Path:
    return run / f"checkpoint-{epoch}.keras"


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _on_jax() -> bool:
    return bool(keras.backend.backend() == "jax")


def _verbosity() -> int:
    return 1 if sys.stdout.isatty() else 2
