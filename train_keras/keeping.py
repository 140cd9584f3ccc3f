"""Trained networks in half precision, small enough to ship.

What comes back can be converted, measured, explained or trained on without training it first. Of a network
that is too large for that the large arrays are kept in 8 bits (`train_keras.rounding`). Where it has large
matrices and was fine-tuned from a start that anybody can get, what training changed of them is
(`train_keras.changes`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import ValidationError

from edge.errors import ConfigError, DataError, ModelMissingError
from edge.types import Floats
from train_keras import changes, models, rounding
from train_keras.data.faces import array_names, read_arrays
from train_keras.recipe import Recipe
from train_keras.runs import RECIPE, WEIGHTS, keep_recipe
from train_keras.starting import STARTS, take_over

LARGEST = 3 * 1024 * 1024  # bytes of a file that belongs into a repository
MANY = 4096  # weights of an array whose size counts


def keep(run: Path, folder: Path = STARTS) -> Path:
    """Write a finished run's weights and recipe as NAME.npz and return its path.

    Raises:
        ModelMissingError: the run has not ended.
        ConfigError: the network is a large one, and the start it was trained from is missing.
        DataError: the file would be larger than LARGEST.
    """
    if not (run / WEIGHTS).is_file() or not (run / RECIPE).is_file():
        raise ModelMissingError(f"{run} is no finished run: run `mien train {run.name}` first")
    recipe = Recipe.model_validate_json((run / RECIPE).read_bytes())
    network = keras.saving.load_model(run / WEIGHTS, compile=False)
    weights, large = network.get_weights(), network.count_params() * 2 > LARGEST
    if large and recipe.model.start and changes.pays(weights):
        arrays: dict[str, Any] = changes.between(_began(recipe, network), weights)
    else:
        arrays = {}
        for number, each in enumerate(weights):
            # A depthwise kernel ends in one: all its channels would share one step.
            if large and each.size >= MANY and each.shape[-1] > 1:
                arrays[_key(number)], arrays[_sizes(number)] = rounding.to_steps(each)
            else:
                arrays[_key(number)] = _halved(each)
    text = recipe.model_dump_json(exclude={"data": {"fer2013", "ferplus"}})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{recipe.name}.npz"
    part = path.with_name(f"{recipe.name}.part.npz")
    np.savez_compressed(part, recipe=np.array(text), count=np.array(len(weights)), **arrays)
    size = part.stat().st_size
    if size > LARGEST:
        part.unlink()
        raise DataError(f"{recipe.name} takes {size / 2**20:.1f} MiB: too much to keep")
    return part.replace(path)


def restore(name: str, run: Path, folder: Path = STARTS) -> Path:
    """Write the kept network NAME into a run's folder, as its training would have left it.

    Returns:
        The `.keras` file; its weights are the run's, rounded to half precision; of a large network to 8 bits,
        or the main directions in which they changed.
    Raises:
        ModelMissingError: no such network is kept; the message lists those that are.
        ConfigError: the folder holds a run of another recipe, or the start that a large network was trained
            from is missing or is another one.
        DataError: the file is damaged or does not fit its own recipe.
    """
    path = folder / f"{name}.npz"
    if not path.is_file():
        names = ", ".join(kept(folder)) or "none"
        raise ModelMissingError(f"no weights of '{name}' are kept: train it, or restore one of: {names}")
    return restored(*read_kept(path), run)


def kept(folder: Path = STARTS) -> list[str]:
    """Names of the networks that are kept."""
    return sorted(file.stem for file in folder.glob("*.npz"))


def restored(recipe: Recipe, network: keras.Model, run: Path) -> Path:
    """Write a network into a run's folder, as its training by this recipe would have left it.

    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    keep_recipe(recipe, run)
    network.save(run / WEIGHTS)
    return run / WEIGHTS


def read_kept(path: Path) -> tuple[Recipe, keras.Model]:
    """Recipe and network of a file that `keep` wrote.

    Raises:
        ConfigError: the start that a large network was trained from is missing or is another one.
        DataError: the file is damaged or does not fit its own recipe.
    """
    text, count = read_arrays(path, "recipe", "count")
    try:
        recipe = Recipe.model_validate_json(str(text))
        network = models.build(recipe.model.builder, **recipe.model.options)
        if changes.BEGAN in array_names(path):
            began = _began(recipe, network)
            names = changes.names(began)
            weights = changes.apply(began, dict(zip(names, read_arrays(path, *names), strict=True)))
        else:
            weights = _read_weights(path, int(count))
        network.set_weights(weights)
    except (ValidationError, ValueError) as error:
        raise DataError(
            f"{path} does not fit its recipe ({str(error).splitlines()[0]}): get it again"
        ) from error
    return recipe, network


def _read_weights(path: Path, count: int) -> list[Floats]:
    there = array_names(path)
    rounded = [number for number in range(count) if _sizes(number) in there]
    sizes = dict(zip(rounded, read_arrays(path, *map(_sizes, rounded)), strict=True))
    return [
        rounding.from_steps(each, sizes[number]) if number in sizes else each.astype(np.float32)
        for number, each in enumerate(read_arrays(path, *map(_key, range(count))))
    ]


def _began(recipe: Recipe, like: keras.Model) -> list[Floats | None]:
    """The weights that training by this recipe began with, in the order of `like`'s; None where at random."""
    if recipe.model.start is None:
        raise ConfigError(f"{recipe.name}: what training changed is kept, but its recipe names no start")
    begun = keras.models.clone_model(like)
    fresh = take_over(recipe.model.start, begun)
    taken = {id(weight) for layer in begun.layers if layer.name not in fresh for weight in layer.weights}
    return [
        weight if id(variable) in taken else None
        for variable, weight in zip(begun.weights, begun.get_weights(), strict=True)
    ]


def _halved(weights: Floats) -> Floats:
    """In half precision where it holds them: a larger variance would become infinite, its channel silent."""
    small = np.abs(weights).max(initial=0) <= np.finfo(np.float16).max
    return weights.astype(np.float16 if small else np.float32)


def _key(number: int) -> str:
    return f"w{number:04d}"


def _sizes(number: int) -> str:
    """Of the steps, where the array is in 8 bits."""
    return f"s{number:04d}"
