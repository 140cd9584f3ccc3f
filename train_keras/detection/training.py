"""Trains facet by a recipe: checkpointed after every epoch, resumed after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from edge.errors import ConfigError
from train_keras import models
from train_keras.curves import draw_detector_curves
from train_keras.detection.batches import PictureBatches
from train_keras.detection.cells import with_cells
from train_keras.detection.hints import Guide, HintLoss, with_hints
from train_keras.detection.losses import DetectionLoss
from train_keras.detection.mining import with_hard_regions
from train_keras.detection.pictures import Picture
from train_keras.detection.sampling import REFERENCE, Sources
from train_keras.detection.sources import read_sources
from train_keras.detection.watch import Watch
from train_keras.occlusion.masked import Progress, quiet
from train_keras.recipe import DetectionRecipe
from train_keras.runs import (
    WEIGHTS,
    History,
    compiled_how,
    keep_epoch,
    keep_recipe,
    resume,
    verbosity,
)
from train_keras.schedules import optimiser

STARTS = Path(__file__).parent.parent / "starts"
GRADIENT_NORM = 10.0
QUIET = 0.1  # of the last normalisation of a block that its network's start did not have


def train(recipe: DetectionRecipe, run: Path, progress: Progress = quiet) -> keras.Model:
    """Train, or go on training, in the folder `run`; the validation photographs are watched.

    Every epoch leaves `checkpoint-N.keras`, `history.json` and `curves.png`, the last one `model.keras`: the
    network with its six maps, as it is converted. A recipe that begins with a network's weights also begins
    with what that network gets wrong: it is shown more often.
    """
    keep_recipe(recipe, run)
    sources, watched = read_sources(recipe.data, recipe.seed, progress)
    if recipe.model.start is not None:
        started = _network(recipe, REFERENCE)
        _take_over(recipe.model.start, started)
        sources = Sources(with_hard_regions(started, sources.photos), sources.crops)
    return fit(recipe, run, sources, watched)


def fit(
    recipe: DetectionRecipe,
    run: Path,
    sources: Sources,
    watched: Sequence[Picture],
    *,
    until: int | None = None,
    workers: int = 2,
) -> keras.Model:
    """Train on pictures.

    Args:
        until: stop after this epoch, as a kill would; the next call goes on there.
        workers: threads that make pictures; 0 makes them between the steps.
    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    keep_recipe(recipe, run)
    keras.utils.set_random_seed(recipe.seed)
    model, history = resume(run) or (_build(recipe), [])
    height, width = model.input_shape[1:3]
    batches = PictureBatches(
        sources,
        (width, height),
        pictures=recipe.data.pictures,
        batch_size=recipe.optimiser.batch_size,
        seed=recipe.seed,
        mixture=recipe.mixture,
        closing=recipe.closing.mixture if recipe.closing.epochs else None,
        closes=recipe.optimiser.epochs - recipe.closing.epochs,
        guide=Guide(recipe.data.teacher) if recipe.hints.weight else None,
        fade=recipe.hints.until * recipe.optimiser.epochs,
        workers=workers,
    )
    keeper = _Keeper(run, batches, history, watched, _network(recipe, REFERENCE))
    last = min(until or recipe.optimiser.epochs, recipe.optimiser.epochs)
    if len(history) < last:
        model.fit(
            batches,
            shuffle=False,
            initial_epoch=len(history),
            epochs=last,
            callbacks=[keeper],
            verbose=verbosity(),
        )
    if len(history) >= recipe.optimiser.epochs:
        maps_of(model).save(run / WEIGHTS)
    return model


def maps_of(model: keras.Model) -> keras.Model:
    """The network as it is converted, its six maps by name, of the one that is trained."""
    names = [layer.name for layer in model.layers if layer.name.startswith(("class", "geometry"))]
    return keras.Model(model.input, {name: model.get_layer(name).output for name in names}, name="facet")


def _build(recipe: DetectionRecipe) -> keras.Model:
    model = _network(recipe)
    if recipe.model.start is not None:
        _take_over(recipe.model.start, model)
    height, width = model.input_shape[1:3]
    adam = optimiser(recipe.optimiser, max(1, recipe.data.pictures // recipe.optimiser.batch_size))
    adam.global_clipnorm = GRADIENT_NORM
    loss: Any = DetectionLoss(width, height, recipe.loss)
    weights = None
    if recipe.hints.weight:
        model = with_hints(model)
        loss, weights = {"cells": loss, "hints": HintLoss()}, {"cells": 1.0, "hints": recipe.hints.weight}
    model.compile(adam, loss, loss_weights=weights, jit_compile=compiled_how())
    return model


def _network(recipe: DetectionRecipe, size: tuple[int, int] | None = None) -> keras.Model:
    """The recipe's network with its cells as one output, for another input size if one is given."""
    options = recipe.model.options if size is None else {**recipe.model.options, "input_size": size}
    return with_cells(models.build(recipe.model.builder, **options))


def _take_over(file: Path, model: keras.Model) -> None:
    """Copy the weights of a saved network, layer by layer.

    The model may have more residual blocks: these begin quiet, so that what follows them finds what it knows.

    Raises:
        ConfigError: there is no such file, or its layers are others.
    """
    file = file if file.is_file() else STARTS / file
    if not file.is_file():
        raise ConfigError(f"model.start: {file} is missing: train it first")
    try:
        known = {layer.name: layer for layer in keras.saving.load_model(file, compile=False).layers}
        for name, layer in known.items():
            if layer.weights:
                model.get_layer(name).set_weights(layer.get_weights())
    except ValueError as error:
        raise ConfigError(f"model.start: {file} is no such network: {error}") from error
    for layer in model.layers:
        if layer.name not in known and layer.name.endswith("_add"):
            last = model.get_layer(layer.name.removesuffix("_add") + "_bn")
            last.gamma.assign(QUIET * ops.ones_like(last.gamma))


class _Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the batches the epoch, watches recall and keeps everything a resumed run needs."""

    def __init__(
        self,
        run: Path,
        batches: PictureBatches,
        history: History,
        watched: Sequence[Picture],
        twin: keras.Model,
    ) -> None:
        super().__init__()
        self.run, self.batches, self.history, self.twin = run, batches, history, twin
        self.watch = Watch(watched, *REFERENCE)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.batches.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row = {"epoch": float(epoch + 1), **{name: float(value) for name, value in (logs or {}).items()}}
        # Whole photographs, whatever is trained on, and no hints.
        learnt = keras.Model(self.model.input, self.model.get_layer("cells").output)
        self.twin.set_weights(learnt.get_weights())
        row |= self.watch(self.twin)
        self.history.append({name: float(np.float32(value)) for name, value in row.items()})
        keep_epoch(self.run, self.model, self.history)
        draw_detector_curves(self.history, self.run / "curves.png")
