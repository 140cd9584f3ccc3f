"""Trains one network by a recipe: checkpointed after every epoch, resumed after a kill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.errors import ConfigError
from edge.types import Floats, Image
from train_keras import models
from train_keras.averaging import averaged, take_average
from train_keras.batches import FaceBatches
from train_keras.curves import draw_curves
from train_keras.data.faces import Faces, Split, joined
from train_keras.data.ferplus import read_ferplus
from train_keras.data.merging import merge
from train_keras.data.sets import read_set
from train_keras.data.splitting import hold_out
from train_keras.distillation import DistillationLoss, label_accuracy
from train_keras.distribution import distribute
from train_keras.joint_batches import MATCHED, JointBatches
from train_keras.joint_losses import joint_losses
from train_keras.matching import Shown, show
from train_keras.occlusion.masked import (
    Progress,
    find_landmarks,
    masked_test,
    occluded_pool,
    pool_maps,
    quiet,
)
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
from train_keras.soft_labels import taught
from train_keras.starting import take_over
from train_keras.unlabelled import more_faces

WATCHED = 0.1  # of the training people, where a set publishes nobody to watch
Batches = Any  # a PyDataset with `epoch` and `seed`


def train(recipe: Recipe, run: Path, progress: Progress = quiet) -> keras.Model:
    """Train, or go on training, in the folder `run`.

    Every epoch leaves `checkpoint-N.keras` (weights and optimiser), `history.json` and `curves.png`; the
    last one leaves `model.keras`. PublicTest is watched, bare and masked; PrivateTest is never read.

    Raises:
        ConfigError: the network and the teacher whose sight it is to match do not fit, or the folder holds a
            run of another recipe.
        ModelMissingError, DataError: what is trained on, or a teacher, is missing or damaged.
    """
    answers = network(recipe).output
    raise_if_unmatched(recipe, answers)
    faces = read_faces(recipe)
    training, watched = faces.split(Split.TRAINING)[: recipe.data.limit], faces.split(Split.PUBLIC_TEST)
    parts = [training]
    if recipe.unlabelled is not None:
        more = more_faces(recipe.unlabelled, training.images.shape[1], progress)
        parts.append(merge(more, recipe.data.labels))
    # Each part is painted by itself: the published faces' pictures, kept on disk, stay as they are.
    pools = [occluded_copies(recipe, part, progress) for part in parts]
    pool = None if pools[0] is None else np.concatenate([each for each in pools if each is not None], axis=1)
    joint = isinstance(answers, dict)
    hidden = [find_hidden(recipe, part, progress) for part in parts] if joint else []
    training = joined(parts)
    watched_masked = masked_test(watched, progress)[0]
    few = slice(recipe.data.watched)
    sets = training, pool, watched[few], watched_masked[few]
    teacher = None
    if recipe.distillation is not None:
        teacher = taught(recipe.distillation, training, pool, run, progress)
    shown = None
    if recipe.matching is not None:
        shown = show(recipe.matching.teacher, training.images)
        if "features" in answers and shown.features.shape[1] != answers["features"].shape[1]:
            raise ConfigError(
                f"model.options.features: {recipe.matching.teacher} has {shown.features.shape[1]} of them, "
                f"not {answers['features'].shape[1]}"
            )
    return fit(recipe, run, *sets, teacher=teacher, hidden=all_hidden(hidden), shown=shown)


def fit(
    recipe: Recipe,
    run: Path,
    training: Faces,
    pool: Image | None,
    watched: Faces,
    watched_masked: Image,
    *,
    teacher: Floats | None = None,
    hidden: Hidden | None = None,
    shown: Shown | None = None,
    until: int | None = None,
) -> keras.Model:
    """Train on faces and their masked pool; watch accuracy on `watched` bare and masked.

    Args:
        pool: uint8 [V, N, S, S]; None where nothing is masked.
        teacher: float32 [N, C] or [1 + V, N, C], logits of the bare training faces or of those and of the
            pool's, where the recipe distils.
        hidden: what the pool covers and where the landmarks are, for a network that answers that too.
        shown: what the recipe's teacher sees in the training faces, for a network that matches it.
        until: stop after this epoch, as a kill would; the next call goes on there.
    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    keep_recipe(recipe, run)
    keras.utils.set_random_seed(recipe.seed)
    model, images = network(recipe), training.images[None] if pool is None else pool
    options: dict[str, Any] = {
        "masked": recipe.data.masked,
        "batch_size": recipe.optimiser.batch_size,
        "seed": recipe.seed,
        "augmentation": recipe.augmentation,
        "side": model.input_shape[1],
        "balance": recipe.data.balance,
        "teacher": teacher,
    }
    loss: Any = "categorical_crossentropy"
    if recipe.distillation is not None:
        loss = DistillationLoss(recipe.distillation.alpha, recipe.distillation.temperature)
    metric = keras.metrics.MeanMetricWrapper(label_accuracy, "categorical_accuracy")
    batches: Batches
    if hidden is not None:
        look = model.output["attention"].shape[1] if "attention" in model.output else None
        batches = JointBatches(
            training,
            images,
            hidden.maps,
            hidden.points,
            outputs=tuple(model.output),
            shown=shown,
            look=look,
            **options,
        )
        compiled = joint_losses(model, loss, metric)
    else:
        batches, compiled = FaceBatches(training, images, **options), {"loss": loss, "metrics": [metric]}
    sets = {"full": watched.images, "masked": watched_masked}

    def watch(model: keras.Model) -> dict[str, float]:
        answers = {name: probabilities(model, images).argmax(1) for name, images in sets.items()}
        return {f"public_{name}": float(np.mean(said == watched.classes)) for name, said in answers.items()}

    return run_epochs(recipe, run, batches, compiled, watch, until=until)


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
    distribute(recipe.optimiser.batch_size)
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


def raise_if_unmatched(recipe: Recipe, answers: Any) -> None:
    """Refuse a teacher whose sight nothing matches, and a network that would match nobody's.

    Args:
        answers: the network's outputs, a dict where they are named.
    Raises:
        ConfigError: as said.
    """
    matched = isinstance(answers, dict) and not set(MATCHED).isdisjoint(answers)
    if matched and recipe.matching is None:
        raise ConfigError("model.options: features and attention are a teacher's: name it under [matching]")
    if recipe.matching is not None and not matched:
        raise ConfigError(
            "matching: this network answers neither features nor attention: set them in model.options"
        )


def network(recipe: Recipe) -> keras.Model:
    """The recipe's network, untrained, in float32."""
    return models.build(recipe.model.builder, **recipe.model.options)


def read_faces(recipe: Recipe) -> Faces:
    """All faces of the recipe's set, with the recipe's labels; no training face is a test face's copy.

    A set without a published part to watch gives a tenth of its training people for that.
    """
    data = recipe.data
    if data.set == "ferplus" and data.path is None:
        faces = read_ferplus(data.fer2013, data.ferplus)
    else:
        path = data.fer2013 if data.set == "fer2013" and data.path is None else data.path
        faces = with_watched(read_set(data.set, path).without_leaks(), recipe.seed)
    return merge(faces, data.labels)


def with_watched(faces: Faces, seed: int) -> Faces:
    """The same faces, some of the training ones to be watched where the set publishes none for that."""
    if (faces.splits == Split.PUBLIC_TEST).any():
        return faces
    training = np.flatnonzero(faces.splits == Split.TRAINING)
    _, apart = hold_out(faces[training], WATCHED, seed)
    splits = faces.splits.copy()
    splits[training[apart]] = Split.PUBLIC_TEST
    return replace(faces, splits=splits)


def occluded_copies(recipe: Recipe, training: Faces, progress: Progress = quiet) -> Image | None:
    """The training faces occluded as the recipe says: uint8 [V, N, S, S]; None where it occludes nothing."""
    if not recipe.data.masked:
        return None
    return occluded_pool(training, recipe.data.occlusions, recipe.seed, recipe.data.variants, progress)


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """What a joint network learns beside the expression.

    Attributes:
        maps: uint8 [V, N, S, S], what the pool's pictures hide.
        points: float32 [N, 68, 2], landmarks in pixels of the bare faces.
    """

    maps: Image
    points: Floats


def find_hidden(recipe: Recipe, training: Faces, progress: Progress = quiet) -> Hidden:
    data = recipe.data
    maps = pool_maps(training, data.occlusions, recipe.seed, data.variants, progress)
    return Hidden(maps, find_landmarks(training.images, progress)[0])


def all_hidden(parts: Sequence[Hidden]) -> Hidden | None:
    """What the pools of several parts cover, one after the other; None of no part."""
    if not parts:
        return None
    maps, points = [part.maps for part in parts], [part.points for part in parts]
    return Hidden(np.concatenate(maps, axis=1), np.concatenate(points))


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
    else:
        take_average(model)
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
        how = self.recipe.optimiser
        with averaged(self.model) as model:
            self.history.append(row | self.watch(model))
            if how.stop_after is not None and best_epoch(how, self.history) == len(self.history):
                keep_best(self.run, model)
        keep_epoch(self.run, self.model, self.history)
        draw_curves(self.history, self.run / "curves.png")
        if stops(how, self.history):
            self.model.stop_training = True
