"""Writes a model bundle that `edge.bundles` reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.bundles import Bundle, Calibration, CropSpec, InputSpec, Manifest, load, sha256
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
        calibration: temperature (already in the weights) and abstention threshold.
        training: recipe, data and masks, in words and numbers.
        metrics: each with its protocol.
        golden: uint8 [N, S, S] faces whose answers are kept for `mien doctor`.
    """

    name: str
    version: str
    quantisation: Literal["float32", "int8"]
    geometry: CropGeometry
    calibration: Calibration
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    golden: Image


def write_bundle(folder: Path, flatbuffer: bytes, contents: Contents) -> Bundle:
    """Write `model.tflite`, `golden.npz`, the model card and the manifest, and read them back verified."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(flatbuffer)
    (folder / "MODEL_CARD.md").write_text(_card(contents))
    # The golden answers come from the model itself, through the classifier of the device.
    _write_manifest(folder, contents, ("model.tflite", "MODEL_CARD.md"))
    answers = Classifier(load(str(folder))).classify(contents.golden)
    np.savez_compressed(folder / "golden.npz", inputs=contents.golden, probabilities=answers)
    _write_manifest(folder, contents, ("model.tflite", "MODEL_CARD.md", "golden.npz"))
    return load(str(folder))


def golden_faces(geometry: CropGeometry, count: int = GOLDEN_FACES) -> Image:
    """Faces of the demo clip, bare and masked, uint8 [count, S, S]: FER2013's are not ours to ship."""
    detector, camera, crops = open_detector("facet"), DemoCamera(), []
    for number, frame in enumerate(iter(camera.read, None)):
        if frame is not None and number % 8 == 0:
            crops += [crop_face(frame.image, face, geometry) for face in detector.detect(frame.image)[:1]]
    return np.array(crops)[np.linspace(0, len(crops) - 1, count).round().astype(int)]


def _write_manifest(folder: Path, contents: Contents, files: tuple[str, ...]) -> None:
    manifest = Manifest(
        name=contents.name,
        version=contents.version,
        task="expression",
        labels=LABELS,
        input=InputSpec(size=contents.geometry.size, channels=1, scale=INPUT_SCALE, offset=INPUT_OFFSET),
        crop=CropSpec(template=contents.geometry.template),
        calibration=contents.calibration,
        quantisation=contents.quantisation,
        training=contents.training,
        metrics=contents.metrics,
        minimum_runtime=MINIMUM_RUNTIME,
        sha256={name: sha256(folder / name) for name in files},
    )
    (folder / "manifest.json").write_text(json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")


def _card(contents: Contents) -> str:
    rows = "\n".join(
        f"| {metric['set']} | {metric['value']:.2f} | {metric['protocol']} |" for metric in contents.metrics
    )
    training = "\n".join(f"- {name}: {value}" for name, value in contents.training.items())
    return f"""# {contents.name} {contents.version}

Reads seven expressions ({", ".join(LABELS)}) from a grey face crop of {contents.geometry.size} px, bare or
masked; {contents.quantisation} TFLite.

## Measured
| set | accuracy, % | protocol |
|---|---|---|
{rows}

Masks are synthetic: no public set holds real masks together with expression labels.

## Trained on
{training}

## Intended use and limits
It tells how a face looks to a crowd of annotators, not what a person feels. It errs more on fear and disgust,
on masked faces, on faces turned far aside, and on people who are rare in its training pictures. Answers below
the threshold {contents.calibration.abstain_below} are marked as abstained. Not for decisions about a person.
"""
