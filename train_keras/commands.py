"""The commands that need the training stack; `edge.cli` finds them by their entry points."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from train_keras.occlusion.masks import Kind

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

FER2013, FERPLUS = Path("../shared/data/fer2013.npz"), Path("../shared/data/ferplus.npz")
FerOption = Annotated[Path, typer.Option("--fer2013", help="fer2013.npz or Kaggle's fer2013.csv.")]
VotesOption = Annotated[Path, typer.Option("--ferplus", help="ferplus.npz or Microsoft's fer2013new.csv.")]
MASKED_FACES = Path("../shared/data/masked_faces.zip")
YUNET = Path("../shared/weights/yunet_n_640_640.onnx")
MISSES = Path("runs/misses.png")


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


def _photos(text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="For `detector` only", **more)


def evaluate(
    model: Annotated[str, typer.Argument(help="A shipped model's name, a bundle's folder, or `detector`.")],
    fer2013: FerOption = FER2013,
    ferplus: VotesOption = FERPLUS,
    photos: Annotated[Path, _photos("masked_faces.zip.")] = MASKED_FACES,
    detector: Annotated[list[str] | None, _photos("What to test, facet by default; repeatable.")] = None,
    threshold: Annotated[float | None, _photos("Another than its bundle's.", min=0.02, max=1)] = None,
    yunet: Annotated[Path, _photos("YuNet's network, a peer.")] = YUNET,
    centerface: Annotated[Path | None, _photos("CenterFace's network, a peer.")] = None,
    minimum: Annotated[float, _photos("Least longer side of a face that counts, in pixels.", min=1)] = 40,
    split: Annotated[
        str, _photos("test; validation for tuning, or training: both leave docs alone.")
    ] = "test",
    runs: Annotated[Path, _photos("Folder of the JSON file.")] = Path("runs"),
    sheet: Annotated[Path, _photos("Where to draw what was missed and what is false.")] = MISSES,
) -> None:
    """Measure a bundle on FER+ PrivateTest, or `detector` on photographs, and write it to docs/results.md."""
    if model == "detector":
        from train_keras.data.masked_faces import PhotoSplit
        from train_keras.detection.evaluation.evaluate import DEFAULT, Settings, evaluate_detectors

        if split.upper() not in PhotoSplit.__members__:
            raise typer.BadParameter("--split is test, validation or training")
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
        )
        typer.echo(evaluate_detectors(settings, bar))
        return
    from edge import bundles
    from edge.classifier import Classifier
    from train_keras import evaluation
    from train_keras.data.faces import Split
    from train_keras.data.ferplus import read_ferplus
    from train_keras.occlusion.masked import TEST_SEED, masked_test
    from train_keras.results import RESULTS, short_hash, write_section

    bundle = bundles.load(model)
    private = read_ferplus(fer2013, ferplus).split(Split.PRIVATE_TEST)
    classifier = Classifier(bundle)
    sets = {"full": private.images, "masked": masked_test(private, bar)[0]}
    scores = {
        name: evaluation.score(classifier.classify(images), private.classes) for name, images in sets.items()
    }
    name = bundle.manifest.name
    figure = Path("figures") / f"confusion_{name}.png"
    evaluation.draw_confusion(scores, RESULTS.parent / figure)
    body = "\n\n".join([
        f"{bundle.manifest.quantisation} bundle `{name}` {bundle.manifest.version}, weights sha256 "
        f"`{short_hash(bundle.model)}…`, through the device's classifier. FER+ PrivateTest, seven classes, "
        f"majority of the crowd; masked: painted masks, seed {TEST_SEED}. Per cent.",
        evaluation.summary_table(scores),
        evaluation.class_table(scores),
        f"![confusion matrices]({figure})",
    ])  # fmt: skip
    write_section(f"evaluate:{name}", f"Accuracy of {name}", f"mien evaluate {model}", body)
    typer.echo(body)


def masks(
    source: Annotated[Path | None, typer.Argument(help="A video with one face; FER2013 by default.")] = None,
    sheet: Annotated[Path, typer.Option(help="Where the contact sheet goes.")] = Path("runs/masks.png"),
    clip: Annotated[Path | None, typer.Option(help="Write SOURCE with a mask from its middle on.")] = None,
    kind: Annotated[Kind, typer.Option(help="What mask the clip's face wears.")] = Kind.SURGICAL,
    seed: Annotated[int, typer.Option(help="Of the masks.")] = 1,
    fer2013: FerOption = FER2013,
) -> None:
    """Draw 64 masked faces as a contact sheet, or put a mask on the face of a video."""
    from train_keras.occlusion import sheet as sheets
    from train_keras.occlusion.clip import mask_clip

    if clip is not None:
        if source is None:
            raise typer.BadParameter("--clip needs a source video")
        mask_clip(source, clip, start=0.5, kind=kind, seed=seed, progress=bar)
    elif source is not None:
        sheets.draw_video_sheet(sheet, source, seed, bar)
    else:
        sheets.draw_sheet(sheet, fer2013, seed, bar)
    typer.echo(f"wrote {clip or sheet}")


def framing(
    model: Annotated[str, typer.Argument(help="A shipped model's name or a bundle's folder.")],
    lfw: Annotated[Path, typer.Option(help="lfw_expressions.zip.")] = Path(
        "../shared/data/lfw_expressions.zip"
    ),
    faces: Annotated[int, typer.Option(help="How many faces to measure on.")] = 450,
    fer2013: FerOption = FER2013,
    ferplus: VotesOption = FERPLUS,
) -> None:
    """Measure how faces are best cut out: detect, crop and classify LFW faces, bare and masked."""
    from train_keras.framing import measure_framing

    typer.echo(measure_framing(model, lfw, faces, fer2013, ferplus, bar))


def bar(items: Iterable[Any], total: int, title: str) -> Iterable[Any]:
    """A progress bar on stderr."""
    from rich.console import Console
    from rich.progress import track

    return track(items, title, total, console=Console(stderr=True))
