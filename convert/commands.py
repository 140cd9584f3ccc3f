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
    to: Annotated[
        list[str] | None,
        typer.Option(help="What to write: float32, float16, dynamic, int8; several with commas. [int8]"),
    ] = None,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(help="Layers that int8 keeps float32, by Keras's or TFLite's name; with commas."),
    ] = None,
) -> None:
    """Convert a trained network to TFLite, compare its variants and write the bundles asked for."""
    from convert.variants import VARIANTS, parse_variants
    from edge.errors import ConfigError
    from train_keras.commands import bar
    from train_keras.recipe import DetectionRecipe, read_recipe

    loaded = read_recipe(recipe)
    run, out = run or Path("runs") / loaded.name, out or Path("edge/models")
    kept = [name for text in keep_float or () for name in text.split(",")]
    if isinstance(loaded, DetectionRecipe):
        from convert.detector import DETECTOR_VARIANTS, convert_detector

        if kept:
            raise ConfigError("--keep-float: a detector has no layers that need it; leave it out")
        variants = parse_variants(to or ["int8"], DETECTOR_VARIANTS, "a detector")
        paths = [bundle.path for bundle in convert_detector(loaded, run, out, version, variants, bar)]
    else:
        from convert.classifier import convert_classifier

        variants = parse_variants(to or ["int8"], VARIANTS)
        paths = [bundle.path for bundle in convert_classifier(loaded, run, out, version, variants, kept, bar)]
    for path in paths:
        typer.echo(f"wrote {path}")
