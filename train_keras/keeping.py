"""Trained networks in half precision, small enough to ship.

What comes back can be converted, measured, explained or trained on without training it first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import ValidationError

from edge.errors import DataError, ModelMissingError
from train_keras import models
from train_keras.data.faces import read_arrays
from train_keras.recipe import Recipe
from train_keras.runs import RECIPE, WEIGHTS, keep_recipe
from train_keras.starting import STARTS

LARGEST = 3 * 1024 * 1024  # bytes of a file that belongs into a repository


def keep(run: Path, folder: Path = STARTS) -> Path:
    """Write a finished run's weights and recipe as NAME.npz, weights in float16, and return its path.

    Raises:
        ModelMissingError: the run has not ended.
        DataError: the file would be larger than LARGEST.
    """
    if not (run / WEIGHTS).is_file() or not (run / RECIPE).is_file():
        raise ModelMissingError(f"{run} is no finished run: run `mien train {run.name}` first")
    recipe = Recipe.model_validate_json((run / RECIPE).read_bytes())
    weights = keras.saving.load_model(run / WEIGHTS, compile=False).get_weights()
    arrays: dict[str, Any] = {_key(number): each.astype(np.float16) for number, each in enumerate(weights)}
    text = recipe.model_dump_json(exclude={"data": {"fer2013", "ferplus"}})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{recipe.name}.npz"
    part = path.with_name(f"{recipe.name}.part.npz")
    np.savez_compressed(part, recipe=np.array(text), count=np.array(len(weights)), **arrays)
    size = part.stat().st_size
    if size > LARGEST:
        part.unlink()
        raise DataError(f"{recipe.name} takes {size / 2**20:.1f} MiB in half precision: too much to keep")
    return part.replace(path)


def restore(name: str, run: Path, folder: Path = STARTS) -> Path:
    """Write the kept network NAME into a run's folder, as its training would have left it.

    Returns:
        The `.keras` file; its weights are the run's, rounded to half precision.
    Raises:
        ModelMissingError: no such network is kept; the message lists those that are.
        ConfigError: the folder holds a run of another recipe.
        DataError: the file is damaged or does not fit its own recipe.
    """
    path = folder / f"{name}.npz"
    if not path.is_file():
        kept = ", ".join(sorted(file.stem for file in folder.glob("*.npz"))) or "none"
        raise ModelMissingError(f"no weights of '{name}' are kept: train it, or restore one of: {kept}")
    recipe, network = read_kept(path)
    keep_recipe(recipe, run)
    network.save(run / WEIGHTS)
    return run / WEIGHTS


def read_kept(path: Path) -> tuple[Recipe, keras.Model]:
    """Recipe and network of a file that `keep` wrote.

    Raises:
        DataError: it is damaged or does not fit its own recipe.
    """
    text, count = read_arrays(path, "recipe", "count")
    weights = read_arrays(path, *map(_key, range(int(count))))
    try:
        recipe = Recipe.model_validate_json(str(text))
        network = models.build(recipe.model.builder, **recipe.model.options)
        network.set_weights([each.astype(np.float32) for each in weights])
    except (ValidationError, ValueError) as error:
        raise DataError(
            f"{path} does not fit its recipe ({str(error).splitlines()[0]}): get it again"
        ) from error
    return recipe, network


def _key(number: int) -> str:
    return f"w{number:04d}"
