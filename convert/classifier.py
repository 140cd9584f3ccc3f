"""A trained expression network to int8 and float32 bundles: calibrated, converted, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from convert import calibration, export, parity
from convert.bundle import Contents, golden_faces, write_bundle
from edge.alignment import CropGeometry
from edge.bundles import Bundle, Calibration
from edge.errors import ConfigError, MienError, ModelMissingError
from edge.types import Image, coarsen
from train_keras.data.faces import Faces, Split
from train_keras.models.outputs import expression_only
from train_keras.occlusion.masked import TEST_SEED, Progress, masked_test, quiet
from train_keras.predicting import probabilities, resize_crops
from train_keras.recipe import Recipe
from train_keras.results import write_section
from train_keras.runs import WEIGHTS
from train_keras.training import occluded_copies, read_faces

CALIBRATION_FACES = 512
TARGET_COARSE_ACCURACY = 0.80  # of the answers that are not marked as abstained
LARGEST_LOSS = 0.5  # points of accuracy that int8 may lose against Keras; a transformer twice as many
TITLES = {"ferplus": "FER+", "fer2013": "FER2013"}

Reports = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    training: Faces
    pool: Image
    public: Faces
    public_masked: Image
    private: Faces
    private_masked: Image


def convert_classifier(
    recipe: Recipe,
    run: Path,
    out: Path,
    version: str,
    float32: bool = False,
    progress: Progress = quiet,
) -> list[Bundle]:
    """Convert the network of a run and write its bundles into the folder `out`; report parity.

    Temperature and abstention threshold come from PublicTest, PrivateTest only measures.

    Args:
        float32: write a float32 bundle beside the int8 one.
    Raises:
        ConfigError: the network answers with other labels than the seven.
        ModelMissingError: the run has not ended.
        MienError: int8 loses too much.
    """
    if recipe.data.labels != "seven":
        raise ConfigError(
            f"{recipe.name} answers with {recipe.data.labels} labels: a device's model answers with seven"
        )
    if not (run / WEIGHTS).is_file():
        raise ModelMissingError(f"{run / WEIGHTS} is missing: run `mien train {recipe.name}` first")
    model = expression_only(keras.saving.load_model(run / WEIGHTS, compile=False))
    sets = _read_sets(recipe, progress)
    measured, calibrated = _calibrate(recipe, model, sets)
    side = model.input_shape[1]

    faces = calibration.representative_faces(sets.training, sets.pool, CALIBRATION_FACES, recipe.seed, side)
    chosen = list(progress(faces, CALIBRATION_FACES, "choosing calibration faces"))
    flatbuffers = {"float32": export.to_float32(calibrated), "int8": export.to_int8(calibrated, chosen)}
    for data in flatbuffers.values():
        export.operators(data)
    kinds = {"full": sets.private.images, "masked": sets.private_masked}
    reports = {
        kind: parity.parity(calibrated, flatbuffers, resize_crops(images, side), sets.private.classes)
        for kind, images in kinds.items()
    }
    _report(recipe, measured, reports, {name: len(data) for name, data in flatbuffers.items()})
    _refuse_loss(reports, 2 * LARGEST_LOSS if recipe.model.builder.startswith("vit") else LARGEST_LOSS)

    geometry = CropGeometry(side)
    golden = golden_faces(geometry)
    bundles = []
    for quantisation in ("int8", "float32") if float32 else ("int8",):
        name = recipe.name if quantisation == "int8" else f"{recipe.name}_{quantisation}"
        contents = Contents(
            name=name,
            version=version,
            quantisation="int8" if quantisation == "int8" else "float32",
            geometry=geometry,
            calibration=measured,
            training=_training(recipe, sets),
            metrics=_metrics(recipe, reports, quantisation, len(sets.private)),
            golden=golden,
        )
        bundles.append(write_bundle(out / name, flatbuffers[quantisation], contents))
    return bundles


def _read_sets(recipe: Recipe, progress: Progress) -> _Sets:
    training, public, private = (read_faces(recipe).split(split) for split in Split)
    pool = occluded_copies(recipe, training, progress)
    return _Sets(
        training,
        training.images[None] if pool is None else pool,
        public,
        masked_test(public, progress)[0],
        private,
        masked_test(private, progress)[0],
    )


def _calibrate(recipe: Recipe, model: keras.Model, sets: _Sets) -> tuple[Calibration, keras.Model]:
    """Temperature and threshold, and the network with the temperature in its weights.

    Measured on PublicTest, half bare and half masked; a network that never saw a mask, on bare faces.
    """
    held_out, targets = sets.public.images, sets.public.targets
    if recipe.data.masked:
        held_out, targets = np.concatenate([held_out, sets.public_masked]), np.tile(targets, (2, 1))
    raw = probabilities(model, held_out)
    temperature = calibration.fit_temperature(raw, targets)
    coarse = coarsen(calibration.apply_temperature(raw, temperature).astype(np.float32))
    right = coarse.argmax(1) == coarsen(targets).argmax(1)
    threshold = calibration.fit_abstention(coarse, right, TARGET_COARSE_ACCURACY)
    measured = Calibration(temperature=round(temperature, 4), abstain_below=threshold)
    return measured, export.with_temperature(model, temperature)


def _training(recipe: Recipe, sets: _Sets) -> dict[str, str]:
    told = {"ferplus": "FER+ vote distributions", "fer2013": "its first labels"}[recipe.data.set]
    seen = {
        "recipe": recipe.model_dump_json(exclude={"data": {"fer2013", "ferplus"}}),
        "data": f"FER2013 pictures with {told}, {len(sets.training)} faces",
        "masks": f"painted, seed {recipe.seed}; test masks have seed {TEST_SEED}",
    }
    if recipe.distillation is not None:
        seen["teacher"] = f"{recipe.distillation.teacher.parent.name}, which saw the bare faces"
    return seen


def _metrics(recipe: Recipe, reports: Reports, variant: str, faces: int) -> list[dict[str, str | float]]:
    truth = {"ferplus": "crowd majority", "fer2013": "the first labels"}[recipe.data.set]
    return [
        {
            "set": f"{TITLES[recipe.data.set]} PrivateTest, {kind}",
            "value": round(report[variant]["accuracy"], 2),
            "protocol": f"seven classes, {truth}, {faces:,} faces"
            + (", synthetic masks" if kind == "masked" else ""),
        }
        for kind, report in reports.items()
    ]


def _report(recipe: Recipe, measured: Calibration, reports: Reports, sizes: dict[str, int]) -> None:
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
        f"\n\nAccuracy in per cent on {TITLES[recipe.data.set]} PrivateTest, the same faces for every "
        f"variant. Temperature {measured.temperature:.2f} and abstention threshold "
        f"{measured.abstain_below:.2f} were fitted on PublicTest."
    )
    write_section(f"convert:{recipe.name}", f"Parity of {recipe.name}", f"mien convert {recipe.name}", body)
    print(body)


def _refuse_loss(reports: Reports, largest: float) -> None:
    for kind, report in reports.items():
        loss = report["keras"]["accuracy"] - report["int8"]["accuracy"]
        if loss > largest:
            raise MienError(f"int8 loses {loss:.2f} points on the {kind} set, more than {largest}")
