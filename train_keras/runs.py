"""A training run's folder: recipe, history, checkpoints; what a killed run needs to go on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
from pydantic import BaseModel, ValidationError

from edge.errors import ConfigError

WEIGHTS, BEST, HISTORY, RECIPE = "model.keras", "best.keras", "history.json", "recipe.json"
History = list[dict[str, float]]


def keep_recipe(recipe: BaseModel, run: Path) -> None:
    """Write the recipe into a new run's folder; a run goes on by the recipe it began with or not at all.

    Raises:
        ConfigError: the folder holds a run of another recipe.
    """
    run.mkdir(parents=True, exist_ok=True)
    file = run / RECIPE
    if file.is_file() and not _same(recipe, file.read_text()):
        raise ConfigError(f"{run} holds a run of another recipe ({file}): give another folder with --run")
    _write(file, recipe.model_dump_json(indent=1))


def _same(recipe: BaseModel, kept: str) -> bool:
    """Whether that is kept. What a newer version can say beside it was not said: its default holds."""
    try:
        return type(recipe).model_validate_json(kept).model_dump_json() == recipe.model_dump_json()
    except ValidationError:
        return False


def compiled_how() -> str | bool:
    """Keras's `jit_compile`: on a CPU only JAX gains from it."""
    return "auto" if keras.backend.backend() == "jax" else False


def resume(run: Path) -> tuple[keras.Model, History] | None:
    """The model as of the history's last epoch, and the history; None for a new run."""
    if not (run / HISTORY).is_file():
        return None
    history = json.loads((run / HISTORY).read_text())
    return keras.saving.load_model(checkpoint(run, len(history))), history


def keep_epoch(run: Path, model: keras.Model, history: History) -> None:
    """Checkpoint, history, clean-up: a kill between any two leaves a pair that belongs together."""
    model.save(checkpoint(run, len(history)))
    _write(run / HISTORY, json.dumps(history, indent=1))
    checkpoint(run, len(history) - 1).unlink(missing_ok=True)
    print("  ".join(f"{name} {value:.4f}" for name, value in history[-1].items()), flush=True)


def keep_best(run: Path, model: keras.Model) -> None:
    """Keep the weights of the best epoch so far."""
    part = run / "best.part.keras"
    model.save(part)
    part.replace(run / BEST)


def read_best(run: Path) -> keras.Model:
    return keras.saving.load_model(run / BEST, compile=False)


def checkpoint(run: Path, epoch: int) -> Path:
    return run / f"checkpoint-{epoch}.keras"


def verbosity() -> int:
    """Keras's: a progress bar for people, a line an epoch for logs."""
    return 1 if sys.stdout.isatty() else 2


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)
