"""Optimisers, and what a run's history says of its learning rate and of its end.

Everything but the cosine is worked out from the history alone, so a resumed run decides as an unbroken one.
"""

from __future__ import annotations

import keras

from train_keras.recipe import OptimiserRecipe
from train_keras.runs import History


def optimiser(recipe: OptimiserRecipe, steps: int) -> keras.optimizers.Optimizer:
    """The recipe's optimiser, for epochs of so many steps."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = recipe.learning_rate
    if recipe.schedule == "cosine":
        warmup = round(recipe.warmup_epochs * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            warmup_target=recipe.learning_rate,
            warmup_steps=warmup,
            decay_steps=max(recipe.epochs * steps - warmup, 1),
        )
    kinds = {"adamw": keras.optimizers.AdamW, "adam": keras.optimizers.Adam, "nadam": keras.optimizers.Nadam}
    decay = recipe.weight_decay if recipe.name == "adamw" else None
    average = {} if recipe.average is None else {"use_ema": True, "ema_momentum": recipe.average}
    return kinds[recipe.name](rate, beta_2=recipe.beta_2, weight_decay=decay, **average)


def learning_rate(recipe: OptimiserRecipe, history: History) -> float | None:
    """The rate of the epoch that follows; None where the optimiser's own schedule sets it."""
    if recipe.schedule == "cosine":
        return None
    drops = 0
    if recipe.schedule == "steps":
        drops = len(history) // recipe.patience
    elif recipe.schedule == "plateau":
        drops = _plateaus([row["loss"] for row in history], recipe.patience)
    return float(recipe.learning_rate * recipe.factor**drops)


def best_epoch(recipe: OptimiserRecipe, history: History) -> int:
    """The epoch, from 1, whose weights count: the best watched one, or the last where nothing stops early."""
    if recipe.stop_after is None:
        return len(history)
    watched = [row[recipe.watch] for row in history]
    return watched.index(max(watched)) + 1


def stops(recipe: OptimiserRecipe, history: History) -> bool:
    """Whether training ends here."""
    if len(history) >= recipe.epochs:
        return True
    if recipe.stop_after is None or not history:
        return False
    return len(history) - best_epoch(recipe, history) >= recipe.stop_after


def _plateaus(losses: list[float], patience: int) -> int:
    """How often so many epochs passed without a lower loss than ever before."""
    drops, least, since = 0, float("inf"), 0
    for loss in losses:
        since += 1
        if loss < least:
            least, since = loss, 0
        elif since >= patience:
            drops, since = drops + 1, 0
    return drops
