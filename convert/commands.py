"""`mien convert`: a trained network to TFLite bundles, with a parity report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def convert(
    recipe: Annotated[Path, typer.Argument(help="The recipe the network was trained by.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder of the training run; runs/NAME by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where bundles go; edge/models by default.")] = None,
    version: Annotated[str, typer.Option(help="Version written into the manifest.")] = "0.1.0",
    float32: Annotated[
        bool, typer.Option("--float32", help="Write a float32 bundle beside the int8 one.")
    ] = False,
) -> None:
    """Convert a trained network to TFLite, compare accuracies and write the bundle."""
    from train_keras.commands import bar
    from train_keras.recipe import DetectionRecipe, read_recipe

    loaded = read_recipe(recipe)
    run, out = run or Path("runs") / loaded.name, out or Path("edge/models")
    if isinstance(loaded, DetectionRecipe):
        from convert.detector import convert_detector

        bundles = convert_detector(loaded, run, out, version, float32, bar)
        paths = [bundle.path for bundle in bundles]
    else:
        from convert.classifier import convert_classifier

        paths = [bundle.path for bundle in convert_classifier(loaded, run, out, version, float32, bar)]
    for path in paths:
        typer.echo(f"wrote {path}")
