"""A trained face detector to bundles: converted, compared, its threshold chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from convert import gate
from convert.card import detection_card
from convert.detection_bundle import Contents, describe, golden_frames, write_bundle
from convert.detection_parity import Findings, find_all, recalls, validation_scenes
from convert.exporting import export_variants
from convert.metadata import with_metadata
from convert.records import record_parity, save_record
from convert.report import cost_table, write_parity
from convert.variants import Variant, bundle_name
from edge.bundles import DetectionBundle
from edge.errors import ModelMissingError
from edge.types import Floats
from train_keras.detection.batches import PictureBatches, to_input
from train_keras.detection.sources import Sources, read_sources
from train_keras.occlusion.masked import Progress, quiet
from train_keras.recipe import DetectionRecipe
from train_keras.runs import WEIGHTS

CALIBRATION_PICTURES = 256
LARGEST_LOSS = 1.0  # points of recall, at the same false boxes, that int8 may lose against float32
# Weights alone in int8 would leave the depthwise convolutions, most of the detector, outside XNNPACK.
DETECTOR_VARIANTS: tuple[Variant, ...] = ("float32", "float16", "int8")


def convert_detector(
    recipe: DetectionRecipe,
    run: Path,
    out: Path,
    version: str,
    variants: Sequence[Variant] = ("int8",),
    progress: Progress = quiet,
) -> list[DetectionBundle]:
    """Convert the network of a finished run; report parity on the validation photographs.

    The threshold is the one at which the int8 model makes as many false boxes on the validation photographs
    as YuNet does there at its own; the test photographs play no part.

    Raises:
        ModelMissingError: the run is not finished.
        ModelError: the network is not one piece for XNNPACK.
        QuantisationError: int8 is asked for and loses too much recall.
    """
    if not (run / WEIGHTS).is_file():
        raise ModelMissingError(f"{run / WEIGHTS} is missing: run `mien train {recipe.name}` first")
    model = keras.saving.load_model(run / WEIGHTS, compile=False)
    height, width = model.input_shape[1:3]
    sources, _ = read_sources(recipe.data, recipe.seed, progress)
    batches = PictureBatches(
        sources,
        (width, height),
        pictures=CALIBRATION_PICTURES,
        batch_size=1,
        seed=recipe.seed + 1,
        mixture=recipe.mixture,
    )
    pictures = list(progress(representative(batches), CALIBRATION_PICTURES, "choosing calibration pictures"))
    exported = export_variants(model, pictures, DETECTOR_VARIANTS, pixels="int8", progress=progress)
    flatbuffers = {
        variant: with_metadata(data, describe(bundle_name(recipe.name, variant), version, len(model.outputs)))
        for variant, data in exported.items()
    }
    gate.refuse_pieces(recipe.model.builder, flatbuffers)
    contents = Contents(
        name=recipe.name,
        version=version,
        quantisation="float32",
        size=(width, height),
        threshold=0.5,
        training=_training(recipe, sources),
        metrics=[],
        card=lambda manifest: "",
    )
    scenes = validation_scenes(recipe)
    findings = find_all(flatbuffers, contents, recipe, scenes)
    record = record_parity(
        recipe.name,
        "detection",
        flatbuffers,
        {variant: findings.measured(variant) for variant in flatbuffers},
        protocol=f"Recall and average precision (IoU > 0.3), per cent, on {findings.yunet.pictures} "
        "validation photographs, faces of 40 px or more in 640 x 480, at the false boxes YuNet makes at its "
        "own threshold",
        command=f"mien convert {recipe.name}"
        + ("" if tuple(variants) == ("int8",) else f" --to {','.join(variants)}"),
        progress=progress,
    )
    save_record(record)
    note = f"{record.protocol}. The bundle's threshold is int8's, {findings.threshold:.3f}."
    print(write_parity(record, [findings.table(), cost_table(record)], [note]))
    if "int8" in variants:
        gate.refuse_loss(
            {"faces of the validation photographs": findings.loss()},
            LARGEST_LOSS,
            flatbuffers,
            np.stack([cv2.resize(frame, (width, height)) for frame in golden_frames()]),
            mend="train it for longer, or ship float16",
        )
    card = partial(detection_card, record=record, table=findings.table())
    golden, bundles = golden_frames(), []
    for variant in variants:
        final = replace(
            contents,
            name=bundle_name(recipe.name, variant),
            quantisation=variant,
            threshold=findings.threshold,
            metrics=_metrics(findings, variant),
            card=card,
        )
        bundles.append(write_bundle(out / final.name, flatbuffers[variant], final, golden))
    return bundles


def representative(batches: PictureBatches) -> Iterator[Floats]:
    """Training pictures float32 [1, H, W, 3] as the network reads them.

    The first two hold the darkest and the brightest pixel: the input range is exactly the pixels'.
    """
    for number in range(len(batches)):
        picture = batches[number][0].copy()
        if number < 2:
            picture[0, 0, :2] = to_input(np.array([[0] * 3, [255] * 3], np.uint8))
        yield picture


def _training(recipe: DetectionRecipe, sources: Sources) -> dict[str, str]:
    return {
        "recipe": recipe.model_dump_json(
            exclude={"data": {"photos", "crops", "lfw", "fer2013", "ferplus", "teacher"}}
        ),
        "data": f"{len(sources.photos)} photographs with real masks, and face crops: "
        + ", ".join(str(len(pool)) for _, pool in sources.crops),
        "teacher": "YuNet, no part of mien: landmarks, faces nobody annotated, hints at its features",
    }


def _metrics(findings: Findings, variant: Variant) -> list[dict[str, Any]]:
    protocol = "faces of 40 px or more in 640 x 480, IoU > 0.3, validation photographs, longest side 320"
    found = recalls(findings.variants[variant], findings.threshold)
    return [
        {"set": name, "value": round(value, 2), "protocol": protocol}
        for name, value in zip(("recall, masked", "recall, bare"), found, strict=True)
    ]
