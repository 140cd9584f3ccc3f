"""Writes a face detector's bundle that `edge.bundles` reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convert.bundle import MINIMUM_RUNTIME, seal
from convert.metadata import UNKNOWN_COLOURS, Description
from convert.variants import Variant
from edge.bundles import DetectionBundle, DetectionManifest, PictureSpec, load_detection
from edge.cameras.demo import DemoCamera
from edge.detectors.golden import golden_outputs
from edge.labels import MASK_STATES
from edge.types import Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.models.facet import STRIDES

GOLDEN_FRAMES, GOLDEN_WIDTH = 4, 256


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a detector's bundle beside the flatbuffer.

    Attributes:
        size: width and height of the input it is exported at.
        threshold: least score of a face.
        card: the model card of a manifest.
    """

    name: str
    version: str
    quantisation: Variant
    size: tuple[int, int]
    threshold: float
    training: dict[str, Any]
    metrics: list[dict[str, Any]]
    card: Callable[[DetectionManifest], str]


def write_bundle(folder: Path, flatbuffer: bytes, contents: Contents, golden: Image) -> DetectionBundle:
    """Write `model.tflite`, `golden.npz`, the model card and the manifest, and read them back verified.

    Args:
        golden: uint8 [N, H, W, 3] frames whose faces are kept for `mien doctor`.
    """
    manifest = _manifest(contents)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MODEL_CARD.md").write_text(contents.card(manifest))
    bundle = write_bare(folder, flatbuffer, contents)
    outputs: dict[str, Any] = golden_outputs(bundle, golden)
    np.savez_compressed(folder / "golden.npz", **outputs)
    seal(folder, manifest, ("model.tflite", "MODEL_CARD.md", "golden.npz"))
    return load_detection(str(folder))


def write_bare(folder: Path, flatbuffer: bytes, contents: Contents) -> DetectionBundle:
    """Write only what the device's detector needs to run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(flatbuffer)
    seal(folder, _manifest(contents), ("model.tflite",))
    return load_detection(str(folder))


def describe(name: str, version: str, outputs: int) -> Description:
    """What a detector's metadata says.

    Args:
        outputs: how many there are.
    """
    output = "Of a cell: score and mask-state logits, or distances to box and landmarks in strides."
    return Description(
        name=name,
        version=version,
        description="Faces, bare and masked, with five landmarks and a mask state.",
        labels=MASK_STATES,
        labelled="The mask states, in the order of the channels behind the score.",
        each_value=False,
        picture="A picture of any size whose sides are multiples of the largest stride, in the order BGR.",
        colours=UNKNOWN_COLOURS,
        mean=-INPUT_OFFSET / INPUT_SCALE,
        std=1 / INPUT_SCALE,
        outputs=(output,) * outputs,
    )


def golden_frames() -> Image:
    """Frames of the demo clip, bare and masked, uint8 [4, H, 256, 3]; the photographs are not ours."""
    camera = DemoCamera()
    frames = [frame.image for frame in iter(camera.read, None)]
    camera.close()
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, GOLDEN_FRAMES).round().astype(int)]
    height = round(chosen[0].shape[0] * GOLDEN_WIDTH / chosen[0].shape[1])
    return np.stack(
        [
            np.asarray(cv2.resize(f, (GOLDEN_WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
            for f in chosen
        ]
    )


def _manifest(contents: Contents) -> DetectionManifest:
    return DetectionManifest(
        name=contents.name,
        version=contents.version,
        task="detection",
        labels=MASK_STATES,
        input=PictureSpec(
            width=contents.size[0],
            height=contents.size[1],
            channels=3,
            scale=INPUT_SCALE,
            offset=INPUT_OFFSET,
        ),
        strides=STRIDES,
        threshold=contents.threshold,
        quantisation=contents.quantisation,
        training=contents.training,
        metrics=contents.metrics,
        minimum_runtime=MINIMUM_RUNTIME,
        sha256={},
    )
