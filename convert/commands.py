"""`mien convert`: a trained network to TFLite bundles, with a parity report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from edge.alignment import CropGeometry
from edge.bundles import Calibration
from edge.errors import MienError, ModelMissingError
from edge.types import coarsen

if TYPE_CHECKING:
    from train_keras.recipe import Recipe

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

CALIBRATION_FACES = 512
TARGET_COARSE_ACCURACY = 0.80  # of the answers that are not marked as abstained
LARGEST_LOSS = 0.5  # points of accuracy that int8 may lose against Keras


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

        for bundle in convert_detector(loaded, run, out, version, float32, bar):
            typer.echo(f"wrote {bundle.path}")
    else:
        _convert_classifier(loaded, run, out, version, float32)


def _convert_classifier(loaded: Recipe, run: Path, out: Path, version: str, float32: bool) -> None:
    import keras

    from convert import calibration, export, parity
    from convert.bundle import Contents, golden_faces, write_bundle
    from train_keras.batches import scale_pixels
    from train_keras.commands import bar
    from train_keras.data.faces import Split
    from train_keras.data.ferplus import read_ferplus
    from train_keras.occlusion.masked import TEST_SEED, masked_pool, masked_test
    from train_keras.runs import WEIGHTS

    if not (run / WEIGHTS).is_file():
        raise ModelMissingError(f"{run / WEIGHTS} is missing: run `mien train {loaded.name}` first")
    model = keras.saving.load_model(run / WEIGHTS)
    faces = read_ferplus(loaded.data.fer2013, loaded.data.ferplus)
    training, public, private = (faces.split(split) for split in Split)
    pool = masked_pool(training, loaded.seed, loaded.data.variants, bar)
    public_masked, private_masked = masked_test(public, bar)[0], masked_test(private, bar)[0]

    # Temperature and threshold come from PublicTest, half bare and half masked; PrivateTest only measures.
    held_out = np.concatenate([public.images, public_masked])
    targets = np.tile(public.targets, (2, 1))
    raw = model.predict(scale_pixels(held_out), batch_size=512, verbose=0)
    temperature = calibration.fit_temperature(raw, targets)
    coarse = coarsen(calibration.apply_temperature(raw, temperature).astype(np.float32))
    right = coarse.argmax(1) == coarsen(targets).argmax(1)
    threshold = calibration.fit_abstention(coarse, right, TARGET_COARSE_ACCURACY)
    calibrated = export.with_temperature(model, temperature)

    faces_for_int8 = list(
        bar(
            calibration.representative_faces(training, pool, CALIBRATION_FACES, loaded.seed),
            CALIBRATION_FACES,
            "choosing calibration faces",
        )
    )
    flatbuffers = {
        "float32": export.to_float32(calibrated),
        "int8": export.to_int8(calibrated, faces_for_int8),
    }
    for data in flatbuffers.values():
        export.operators(data)
    reports = {
        "full": parity.parity(calibrated, flatbuffers, private.images, private.classes),
        "masked": parity.parity(calibrated, flatbuffers, private_masked, private.classes),
    }
    _write_report(loaded.name, temperature, threshold, reports, {k: len(v) for k, v in flatbuffers.items()})

    _refuse_loss(reports)

    golden = golden_faces(CropGeometry())
    for name in ("int8", "float32") if float32 else ("int8",):
        contents = Contents(
            name=loaded.name if name == "int8" else f"{loaded.name}_{name}",
            version=version,
            quantisation="int8" if name == "int8" else "float32",
            geometry=CropGeometry(),
            calibration=Calibration(temperature=round(temperature, 4), abstain_below=threshold),
            training={
                "recipe": loaded.model_dump_json(exclude={"data": {"fer2013", "ferplus"}}),
                "data": f"FER2013 pictures with FER+ vote distributions, {len(training)} faces",
                "masks": f"painted, seed {loaded.seed}; test masks have seed {TEST_SEED}",
            },
            metrics=[
                {
                    "set": f"FER+ PrivateTest, {kind}",
                    "value": round(report[name]["accuracy"], 2),
                    "protocol": "seven classes, crowd majority, 3,103 faces"
                    + (", synthetic masks" if kind == "masked" else ""),
                }
                for kind, report in reports.items()
            ],
            golden=golden,
        )
        bundle = write_bundle(out / contents.name, flatbuffers[name], contents)
        typer.echo(f"wrote {bundle.path}")


def _write_report(
    name: str, temperature: float, threshold: float, reports: dict[str, dict[str, Any]], sizes: dict[str, int]
) -> None:
    from train_keras.results import write_section

    lines = [
        "| variant | KiB | full | masked | same answer as Keras, full / masked |",
        "|---|---|---|---|---|",
    ]
    for variant in reports["full"]:
        full, masked = reports["full"][variant], reports["masked"][variant]
        size = f"{sizes[variant] / 1024:.0f}" if variant in sizes else "-"
        lines.append(
            f"| {variant} | {size} | {full['accuracy']:.2f} | {masked['accuracy']:.2f} | "
            f"{full['agreement']:.2f} / {masked['agreement']:.2f} |"
        )
    body = "\n".join(lines) + (
        "\n\nAccuracy in per cent on FER+ PrivateTest, the same faces for every variant. Temperature "
        f"{temperature:.2f} and abstention threshold {threshold:.2f} were fitted on PublicTest."
    )
    write_section(f"convert:{name}", f"Parity of {name}", f"mien convert {name}", body)
    typer.echo(body)


def _refuse_loss(reports: dict[str, dict[str, Any]]) -> None:
    for kind, report in reports.items():
        loss = report["keras"]["accuracy"] - report["int8"]["accuracy"]
        if loss > LARGEST_LOSS:
            raise MienError(f"int8 loses {loss:.2f} points on the {kind} set, more than {LARGEST_LOSS}")
