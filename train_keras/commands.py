"""The commands that need the training stack; `edge.cli` finds them by their entry points."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from train_keras.environment import prepare_tensorflow
from train_keras.occlusion.kinds import Occlusion
from train_keras.occlusion.masks import Kind

prepare_tensorflow()

FER2013, FERPLUS = Path("../shared/data/fer2013.npz"), Path("../shared/data/ferplus.npz")
FerOption = Annotated[Path, typer.Option("--fer2013", help="fer2013.npz or Kaggle's fer2013.csv.")]
VotesOption = Annotated[Path, typer.Option("--ferplus", help="ferplus.npz or Microsoft's fer2013new.csv.")]
MASKED_FACES = Path("../shared/data/masked_faces.zip")
YUNET = Path("../shared/weights/yunet_n_640_640.onnx")
MISSES = Path("runs/misses.png")
SPLITS = {"test": "PRIVATE_TEST", "validation": "PUBLIC_TEST", "training": "TRAINING"}  # of labelled faces


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe file or a shipped recipe's name.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints and curves; runs/NAME by default.")
    ] = None,
) -> None:
    """Train a network by a recipe; called again, it goes on where it stopped."""
    from train_keras import training
    from train_keras.detection import training as detection
    from train_keras.recipe import DetectionRecipe, read_recipe

    loaded = read_recipe(recipe)
    folder = run or Path("runs") / loaded.name
    if isinstance(loaded, DetectionRecipe):
        detection.train(loaded, folder, bar)
    else:
        training.train(loaded, folder, bar)


def keep(run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")]) -> None:
    """Keep a run's weights in 16 or 8 bits, in the package itself."""
    from train_keras import keeping

    typer.echo(f"wrote {keeping.keep(run)}")


def restore(
    name: Annotated[
        str, typer.Argument(help="A recipe whose weights are kept, a shipped model or a bundle's folder.")
    ],
    run: Annotated[Path | None, typer.Option(help="Folder to fill; runs/NAME by default.")] = None,
) -> None:
    """Get a trained network back, as its training run would have left it, but for rounding."""
    from edge.bundles import load, shipped
    from train_keras import keeping

    folder = run or Path("runs") / Path(name).name
    if Path(name).is_dir() or (name in shipped("expression") and name not in keeping.kept()):
        from train_keras import unfolding

        typer.echo(f"wrote {unfolding.restore(load(name), folder)}")
    else:
        typer.echo(f"wrote {keeping.restore(name, folder)}")


def label(
    teachers: Annotated[list[Path], typer.Argument(help="Networks that were trained; .keras files.")],
    out: Annotated[Path, typer.Option(help="File of the soft labels.")] = Path("runs/soft_labels.npz"),
    fer2013: FerOption = FER2013,
    ferplus: VotesOption = FERPLUS,
) -> None:
    """Write down what teachers say of FER+'s bare training faces, for students to learn from."""
    from train_keras import soft_labels
    from train_keras.data.faces import Split
    from train_keras.data.ferplus import read_ferplus

    training = read_ferplus(fer2013, ferplus).split(Split.TRAINING)
    said = soft_labels.soft_labels(teachers, training, out.parent)
    soft_labels.keep(out, training, said, teachers)
    right = (said.argmax(1) == training.classes).mean()
    typer.echo(f"wrote {out}: {len(said):,} faces, {right:.1%} as the crowd's majority has it")


def _photos(text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="For `detector` only", **more)


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="A shipped model's name, a bundle's or a training run's folder, several of these with + "
            "between them as an ensemble, or `detector`."
        ),
    ],
    set_name: Annotated[str, typer.Option("--set", help="Data set with published test faces.")] = "ferplus",
    data: Annotated[Path | None, typer.Option(help="Where it lies; its usual place by default.")] = None,
    occlusion: Annotated[
        list[Occlusion] | None, typer.Option(help="Beside bare faces; mask by default; repeatable.")
    ] = None,
    conditions: Annotated[
        bool,
        typer.Option(
            "--conditions", help="Other masks, sizes, crops, light, blur; calibration, abstention, groups."
        ),
    ] = False,
    photos: Annotated[
        Path, _photos("masked_faces.zip; --conditions cuts real masks out of it.")
    ] = MASKED_FACES,
    detector: Annotated[list[str] | None, _photos("What to test, facet by default; repeatable.")] = None,
    threshold: Annotated[float | None, _photos("Another than its bundle's.", min=0.02, max=1)] = None,
    yunet: Annotated[Path, _photos("YuNet's network, a peer.")] = YUNET,
    centerface: Annotated[Path | None, _photos("CenterFace's network, a peer.")] = None,
    minimum: Annotated[float, _photos("Least longer side of a face that counts, in pixels.", min=1)] = 40,
    split: Annotated[
        str,
        typer.Option(
            help="test; validation (FER+ PublicTest) for choosing and tuning, or training: both leave docs "
            "alone."
        ),
    ] = "test",
    runs: Annotated[Path, _photos("Folder of the JSON file.")] = Path("runs"),
    sheet: Annotated[Path, _photos("Where to draw what was missed and what is false.")] = MISSES,
    lean: Annotated[
        bool, _photos("Only how landmarks follow turned faces, without photographs; leaves docs alone.")
    ] = False,
) -> None:
    """Measure a model on test faces, bare and occluded, or `detector` on photographs; writes docs/results."""
    if split not in SPLITS:
        raise typer.BadParameter(f"--split is {', '.join(SPLITS)}")
    if conditions:
        from train_keras.conditions.evaluate import evaluate_conditions

        if model == "detector" or occlusion or set_name != "ferplus" or split != "test":
            raise typer.BadParameter(
                "--conditions is for classifiers on ferplus, its test faces, and brings its own occlusions"
            )
        command = f"mien evaluate {model} --conditions"
        typer.echo(evaluate_conditions(model, data, photos, command=command, progress=bar))
        return
    if model == "detector":
        from train_keras.data.masked_faces import PhotoSplit
        from train_keras.detection.evaluation.evaluate import (
            DEFAULT,
            Settings,
            evaluate_detectors,
            evaluate_lean,
        )

        settings = Settings(
            photos=photos,
            detectors=detector or [DEFAULT],
            yunet=yunet,
            centerface=centerface,
            threshold=threshold,
            minimum=minimum,
            split=PhotoSplit[split.upper()],
            runs=runs,
            sheet=sheet,
            fer2013=data or FER2013,
        )
        typer.echo((evaluate_lean if lean else evaluate_detectors)(settings, bar))
        return
    from train_keras.data.faces import Split
    from train_keras.evaluating import evaluate_classifier

    kinds = occlusion or [Occlusion.MASK]
    chosen = "" if set_name == "ferplus" else f" --set {set_name}"
    chosen += "".join(f" --occlusion {kind}" for kind in kinds if kinds != [Occlusion.MASK])
    command = f"mien evaluate {model}{chosen}"
    faces = Split[SPLITS[split]]
    typer.echo(evaluate_classifier(model, set_name, data, kinds, command=command, split=faces, progress=bar))


def masks(
    source: Annotated[Path | None, typer.Argument(help="A video with one face; FER2013 by default.")] = None,
    sheet: Annotated[Path, typer.Option(help="Where the contact sheet goes.")] = Path("runs/masks.png"),
    clip: Annotated[Path | None, typer.Option(help="Write SOURCE with a mask from its middle on.")] = None,
    kind: Annotated[Kind, typer.Option(help="What mask the clip's face wears.")] = Kind.SURGICAL,
    occlusion: Annotated[
        Occlusion, typer.Option(help="What hides the contact sheet's faces.")
    ] = Occlusion.MASK,
    overview: Annotated[bool, typer.Option("--overview", help="Draw one row for every occlusion.")] = False,
    seed: Annotated[int, typer.Option(help="Of the masks.")] = 1,
    fer2013: FerOption = FER2013,
) -> None:
    """Draw 64 masked or otherwise occluded faces as a contact sheet, or put a mask on the face of a video."""
    from train_keras.occlusion import sheet as sheets
    from train_keras.occlusion.clip import mask_clip

    if clip is not None:
        if source is None:
            raise typer.BadParameter("--clip needs a source video")
        mask_clip(source, clip, start=0.5, kind=kind, seed=seed, progress=bar)
    elif overview:
        sheets.draw_overview(sheet, source or fer2013, seed, bar, video=source is not None)
    elif source is not None:
        sheets.draw_video_sheet(sheet, source, seed, bar, occlusion)
    else:
        sheets.draw_sheet(sheet, fer2013, seed, bar, occlusion)
    typer.echo(f"wrote {clip or sheet}")


def framing(
    model: Annotated[str, typer.Argument(help="A shipped model's name or a bundle's folder.")],
    lfw: Annotated[Path, typer.Option(help="lfw_expressions.zip.")] = Path(
        "../shared/data/lfw_expressions.zip"
    ),
    faces: Annotated[int, typer.Option(help="How many faces to measure on.")] = 3300,
    fer2013: FerOption = FER2013,
    ferplus: VotesOption = FERPLUS,
) -> None:
    """Measure how faces are best cut out: detect, crop and classify LFW faces, bare and masked."""
    from train_keras.framing import measure_framing

    typer.echo(measure_framing(model, lfw, faces, fer2013, ferplus, bar))


def crossval(
    recipe: Annotated[Path, typer.Argument(help="A recipe file or a shipped recipe's name.")],
    folds: Annotated[int | None, typer.Option(min=2, help="Instead of the recipe's number.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="HOST:PORT of the cluster's head; a cluster of this machine by default."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Folds at a time on this machine; a core each by default.")
    ] = None,
    cpus: Annotated[int, typer.Option(min=1, help="Cores of a fold.")] = 1,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs of a fold, on a cluster.")] = 0,
    run: Annotated[Path | None, typer.Option(help="Folder of the folds; runs/NAME by default.")] = None,
) -> None:
    """Train and test in folds, or on some sets and others; called again, it goes on where it stopped."""
    from train_keras.crossval.protocol import cross_validate
    from train_keras.crossval.recipe import read_crossval
    from train_keras.crossval.report import report
    from train_keras.engines import open_engine

    loaded, command = read_crossval(recipe), f"mien crossval {recipe}"
    if folds is not None and folds != loaded.folds:
        if loaded.test:
            raise typer.BadParameter("--folds: this recipe trains on some sets and tests on others")
        command += f" --folds {folds}"
        loaded = loaded.model_copy(update={"folds": folds, "name": f"{loaded.name}_{folds}fold"})
    at_a_time = workers or max((os.cpu_count() or 1) // cpus, 1)
    opened = open_engine(engine, address, at_a_time, cpus, gpus)
    outcome = cross_validate(loaded, run or Path("runs") / loaded.name, opened, bar)
    typer.echo(report(loaded, outcome, command))


def bar(items: Iterable[Any], total: int, title: str) -> Iterable[Any]:
    """A progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    return track(items, title, total, console=Console(stderr=True))
