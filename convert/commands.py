"""`mien convert`: a trained network to TFLite bundles, with a parity report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train_keras.environment import prepare_tensorflow

prepare_tensorflow()

FIRST_VERSION = "0.1.0"


def convert(
    recipe: Annotated[Path, typer.Argument(help="The recipe the network was trained by.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder of the training run; runs/NAME by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where bundles go; edge/models by default.")] = None,
    version: Annotated[
        str | None,
        typer.Option(help="Written into the manifest; by default that of the bundle there is, or 0.1.0."),
    ] = None,
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
    version = version or _version(out / loaded.name)
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


def _version(bundle: Path) -> str:
    """Of the bundle that is replaced, so that converting again does not turn a version back."""
    from edge.bundles import load_either

    return load_either(bundle).manifest.version if (bundle / "manifest.json").is_file() else FIRST_VERSION
