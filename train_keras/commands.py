"""The commands that need the training stack; `edge.cli` finds them by their entry points."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

RunOption = Annotated[Path | None, typer.Option(help="Folder for checkpoints and curves; runs/NAME by default.")]


def train(recipe: Annotated[Path, typer.Argument(help="A recipe file or a shipped recipe's name.")], run: RunOption = None) -> None:
    """Train a network by a recipe; called again, it goes on where it stopped."""
    from train_keras import training
    from train_keras.recipe import read_recipe

    loaded = read_recipe(recipe)
    training.train(loaded, run or Path("runs") / loaded.name, bar)


def bar(items: Iterable[Any], total: int, title: str) -> Iterable[Any]:
    """A progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    return track(items, title, total, console=Console(stderr=True))
