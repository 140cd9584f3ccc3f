"""A trained expression network to bundles: calibrated, converted, compared, described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from convert import calibration, export, gate
from convert.bundle import Contents, describe, golden_faces, write_bundle
from convert.card import expression_card
from convert.exporting import export_variants
from convert.frontier import draw_frontier
from convert.layers import layer_errors, tensors_of
from convert.metadata import with_metadata
from convert.parity import parity
from convert.partitions import partitions
from convert.provenance import command_of, measurements_of, metrics_of, protocol_of, training_of
from convert.records import ParityRecord, load_records, record_parity, save_record
from convert.report import Kept, cost_table, parity_table, write_parity
from convert.variants import VARIANTS, Variant, bundle_name
from edge.alignment import CropGeometry
from edge.bundles import Bundle, Calibration
from edge.calibration import soften
from edge.errors import ConfigError, ModelMissingError
from edge.types import Floats, Image, coarsen
from train_keras.data.faces import Faces, Rows, Split
from train_keras.models.outputs import expression_only
from train_keras.occlusion.masked import Progress, masked_test, quiet
from train_keras.predicting import probabilities, resize_crops
from train_keras.recipe import Recipe
from train_keras.runs import WEIGHTS
from train_keras.training import read_faces

CALIBRATION_FACES = 512
TARGET_COARSE_ACCURACY = 0.80  # of the answers that are not marked as abstained
FACES = {"full": "bare faces", "masked": "masked faces"}

Reports = Mapping[str, Mapping[str, Mapping[str, float]]]  # by kind of faces and variant


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    training: Faces
    public: Faces
    public_masked: Image
    private: Faces
    private_masked: Image


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """PrivateTest in the network's size, what Keras makes of it, and how its answers are taken."""

    model: keras.Model
    pictures: Mapping[str, Image]
    classes: Rows
    calibration: Calibration
    mirror: bool

    def compare(self, flatbuffers: Mapping[Variant, bytes], progress: Progress) -> Reports:
        return {
            kind: parity(
                self.model,
                flatbuffers,
                images,
                self.classes,
                self.calibration.abstain_below,
                progress,
                mirror=self.mirror,
                temperature=self.calibration.masked if kind == "masked" else 1.0,
            )
            for kind, images in self.pictures.items()
        }

    @property
    def hard(self) -> Image:
        """The masked faces as layers are compared on them, uint8 [N, S, S, 1]."""
        return self.pictures["masked"][: gate.COMPARED, ..., np.newaxis]


def convert_classifier(
    recipe: Recipe,
    run: Path,
    out: Path,
    version: str,
    variants: Sequence[Variant] = ("int8",),
    keep_float: Sequence[str] = (),
    progress: Progress = quiet,
) -> list[Bundle]:
    """Convert the network of a run and write its bundles into the folder `out`; report parity.

    All variants are measured, whichever become bundles. Temperature and abstention threshold come from
    PublicTest, PrivateTest only measures.

    Args:
        keep_float: layers that int8 keeps float32, and with them what reads them; a transformer's attention
            it does unasked.
    Raises:
        ConfigError: the network answers with other labels than the seven, or has no layer to be kept float.
        ModelMissingError: the run has not ended.
        ModelError: a network that could be one piece for XNNPACK is not.
        QuantisationError: int8 is asked for and loses too much against float32.
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
    pictures = {"full": sets.private.images, "masked": sets.private_masked}
    test = _Test(
        calibrated,
        {kind: resize_crops(images, side) for kind, images in pictures.items()},
        sets.private.classes,
        measured,
        recipe.model.mirror,
    )
    faces = _calibration_faces(recipe, sets, side, progress)
    flatbuffers = export_variants(calibrated, faces, progress=progress)
    kept = None
    if names := (*gate.kept_float(recipe.model.builder), *keep_float):
        kept, tensors = _find_kept(flatbuffers, names, test, progress)
        flatbuffers |= export_variants(calibrated, faces, ["int8"], kept=tensors, progress=progress)
    for variant, data in flatbuffers.items():
        flatbuffers[variant] = with_metadata(data, describe(bundle_name(recipe.name, variant), version, side))
    gate.refuse_pieces(recipe.model.builder, flatbuffers)

    reports = test.compare(flatbuffers, progress)
    record = record_parity(
        recipe.name,
        "expression",
        flatbuffers,
        {variant: {kind: report[variant] for kind, report in reports.items()} for variant in VARIANTS},
        protocol=protocol_of(recipe, len(sets.private)),
        command=command_of(recipe, variants, keep_float),
        reference={kind: report["keras"] for kind, report in reports.items()},
        kept_float=() if kept is None else kept.layers,
        mirror=recipe.model.mirror,
        progress=progress,
    )
    save_record(record)
    draw_frontier(load_records())
    print(_report(record, measured, kept))
    if "int8" in variants:
        largest = gate.largest_loss(recipe.model.builder)
        gate.refuse_loss(_losses(reports), largest, flatbuffers, test.hard)

    geometry = CropGeometry(side)
    contents = Contents(
        name=recipe.name,
        version=version,
        quantisation="int8",
        geometry=geometry,
        mirror=recipe.model.mirror,
        calibration=measured,
        training=training_of(recipe, len(sets.training), len(faces), record.kept_float),
        metrics=[],
        golden=golden_faces(geometry),
        card=partial(
            expression_card,
            record=record,
            data=recipe.data.set,
            faces=len(sets.private),
            kept="" if kept is None else str(kept),
            measurements=measurements_of(recipe, run / WEIGHTS),
        ),
    )
    bundles = []
    for variant in variants:
        name, metrics = (
            bundle_name(recipe.name, variant),
            metrics_of(recipe, record, variant, len(sets.private)),
        )
        final = replace(contents, name=name, quantisation=variant, metrics=metrics)
        bundles.append(write_bundle(out / name, flatbuffers[variant], final))
    return bundles


def _find_kept(
    flatbuffers: Mapping[Variant, bytes], names: Sequence[str], test: _Test, progress: Progress
) -> tuple[Kept, list[str]]:
    """What stays float and why, and its tensors."""
    tensors = tensors_of(flatbuffers["float32"], names)
    errors = layer_errors(flatbuffers["float32"], flatbuffers["int8"], test.hard)
    pair: dict[Variant, bytes] = {"float32": flatbuffers["float32"], "int8": flatbuffers["int8"]}
    chosen = tuple(error for error in errors if error.tensor in tensors)
    pieces = partitions(flatbuffers["int8"]).count
    return Kept(tuple(names), chosen, _losses(test.compare(pair, progress)), pieces), tensors


def _read_sets(recipe: Recipe, progress: Progress) -> _Sets:
    training, public, private = (read_faces(recipe).split(split) for split in Split)
    return _Sets(
        training, public, masked_test(public, progress)[0], private, masked_test(private, progress)[0]
    )


def _calibration_faces(recipe: Recipe, sets: _Sets, side: int, progress: Progress) -> list[Floats]:
    occlusions = recipe.data.occlusions if recipe.data.masked else ()
    faces = calibration.representative_faces(
        sets.training, occlusions, CALIBRATION_FACES, recipe.seed, side, progress
    )
    return list(progress(faces, min(CALIBRATION_FACES, len(sets.training)), "choosing calibration faces"))


def _calibrate(recipe: Recipe, model: keras.Model, sets: _Sets) -> tuple[Calibration, keras.Model]:
    """Temperatures and threshold, and the network with the first temperature in its weights.

    Measured on PublicTest: the first on bare faces, the further one for masked faces on masked ones, the
    threshold on both. A network that never saw a mask has bare faces alone. What counts is the label most of
    the crowd gave: a probability is to say how often it is right. The crowd's distributions, which the
    network learned, would leave it less sure than that.
    """

    def ask(faces: Image) -> Floats:
        views = [faces, faces[:, :, ::-1]] if recipe.model.mirror else [faces]
        return np.stack([probabilities(model, view) for view in views])

    bare = ask(sets.public.images)
    targets = np.eye(bare.shape[-1], dtype=np.float32)[sets.public.classes]
    temperature, masked = calibration.fit_temperature(bare, targets), 1.0
    answers = calibration.apply_temperature(bare, temperature)
    if recipe.data.masked:
        hidden = calibration.apply_temperature(ask(sets.public_masked), temperature)
        masked = round(calibration.fit_temperature(hidden, targets), 4)
        answers, targets = np.concatenate([answers, soften(hidden, masked)]), np.tile(targets, (2, 1))
    coarse = coarsen(answers.astype(np.float32))
    right = coarse.argmax(1) == coarsen(targets).argmax(1)
    threshold = calibration.fit_abstention(coarse, right, TARGET_COARSE_ACCURACY)
    measured = Calibration(temperature=round(temperature, 4), abstain_below=threshold, masked=masked)
    return measured, export.with_temperature(model, temperature)


def _losses(reports: Reports) -> dict[str, float]:
    return {
        FACES[kind]: report["float32"]["accuracy"] - report["int8"]["accuracy"]
        for kind, report in reports.items()
    }


def _report(record: ParityRecord, measured: Calibration, kept: Kept | None) -> str:
    notes = [
        f"{record.protocol}. Per cent. Temperature {measured.temperature:.2f}, times {measured.masked:.2f} "
        f"for masked faces, and abstention threshold {measured.abstain_below:.2f} were fitted on PublicTest."
    ]
    if kept is not None:
        notes.append(str(kept))
    return write_parity(record, [parity_table(record), cost_table(record)], notes)
