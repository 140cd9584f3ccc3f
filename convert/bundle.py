"""Writes a model bundle that `edge.bundles` reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.metadata import GREY, Description
from convert.variants import Variant
from edge.alignment import CropGeometry, crop_face
from edge.bundles import (
    Bundle,
    Calibration,
    CropSpec,
    DetectionManifest,
    InputSpec,
    Manifest,
    load,
    sha256,
)
from edge.cameras.demo import DemoCamera
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.labels import LABELS
from edge.types import Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE

GOLDEN_FACES = 16
MINIMUM_RUNTIME = "1.0"


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle beside the flatbuffer.

    Attributes:
        name, version: of the model.
        quantisation: of the flatbuffer.
        geometry: the framing it was trained with.
        mirror: its answer is the mean over a crop and its mirror image.
        calibration: temperature (already in the weights) and abstention threshold.
        training: recipe, data and masks, in words and numbers.
        metrics: each with its protocol.
        golden: uint8 [N, S, S] faces whose answers are kept for `mien doctor`.
        card: the model card of a manifest.
    """

    name: str
    version: str
    quantisation: Variant
    geometry: CropGeometry
    mirror: bool
    calibration: Calibration
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    golden: Image
    card: Callable[[Manifest], str]


def write_bundle(folder: Path, flatbuffer: bytes, contents: Contents) -> Bundle:
    """Write `model.tflite`, `golden.npz`, the model card and the manifest, and read them back verified."""
    manifest = _manifest(contents)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(flatbuffer)
    (folder / "MODEL_CARD.md").write_text(contents.card(manifest))
    # The golden answers come from the model itself, through the classifier of the device.
    seal(folder, manifest, ("model.tflite", "MODEL_CARD.md"))
    answers = Classifier(load(str(folder))).classify(contents.golden)
    np.savez_compressed(folder / "golden.npz", inputs=contents.golden, probabilities=answers)
    seal(folder, manifest, ("model.tflite", "MODEL_CARD.md", "golden.npz"))
    return load(str(folder))


def seal(folder: Path, manifest: Manifest | DetectionManifest, files: tuple[str, ...]) -> None:
    """Write the manifest with the checksums of files."""
    sealed = manifest.model_copy(update={"sha256": {name: sha256(folder / name) for name in files}})
    (folder / "manifest.json").write_text(json.dumps(sealed.model_dump(mode="json"), indent=1) + "\n")


def describe(name: str, version: str, side: int) -> Description:
    """What an expression model's metadata says."""
    return Description(
        name=name,
        version=version,
        description="How a face looks to a crowd of annotators, bare or masked.",
        labels=LABELS,
        labelled="The expressions, in the order of the probabilities.",
        each_value=True,
        picture=f"A grey face crop of {side} px.",
        colours=GREY,
        mean=-INPUT_OFFSET / INPUT_SCALE,
        std=1 / INPUT_SCALE,
        outputs=("Calibrated probabilities.",),
    )


def golden_faces(geometry: CropGeometry, count: int = GOLDEN_FACES) -> Image:
    """Faces of the demo clip, bare and masked, uint8 [count, S, S]: FER2013's are not ours to ship."""
    detector, camera, crops = open_detector("facet"), DemoCamera(), []
    for number, frame in enumerate(iter(camera.read, None)):
        if frame is not None and number % 8 == 0:
            crops += [crop_face(frame.image, face, geometry) for face in detector.detect(frame.image)[:1]]
    return np.array(crops)[np.linspace(0, len(crops) - 1, count).round().astype(int)]


def _manifest(contents: Contents) -> Manifest:
    return Manifest(
        name=contents.name,
        version=contents.version,
        task="expression",
        labels=LABELS,
        input=InputSpec(
            size=contents.geometry.size,
            channels=1,
            scale=INPUT_SCALE,
            offset=INPUT_OFFSET,
            mirror=contents.mirror,
        ),
        crop=CropSpec(template=contents.geometry.template),
        calibration=contents.calibration,
        quantisation=contents.quantisation,
        training=contents.training,
        metrics=contents.metrics,
        minimum_runtime=MINIMUM_RUNTIME,
        sha256={},
    )
