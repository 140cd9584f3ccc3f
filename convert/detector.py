"""Turns a trained face detector into a bundle: int8, its threshold, parity, golden outputs."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import keras
import numpy as np
import tensorflow as tf

from convert import export
from edge.bundles import DetectionBundle, DetectionManifest, PictureSpec, load_detection, sha256
from edge.cameras.demo import DemoCamera
from edge.detectors.facet import Facet
from edge.detectors.golden import golden_outputs
from edge.detectors.yunet import YuNet
from edge.errors import MienError, ModelMissingError
from edge.labels import MASK_STATES
from edge.types import Floats, Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.data.masked_faces import PhotoSplit, copies, read_masked_faces
from train_keras.detection.batches import PictureBatches, to_input
from train_keras.detection.evaluation.scenes import Scene, fit
from train_keras.detection.evaluation.scores import Tally, tally
from train_keras.detection.sources import read_sources
from train_keras.models.facet import STRIDES
from train_keras.occlusion.masked import Progress, quiet
from train_keras.recipe import DetectionRecipe
from train_keras.results import write_section
from train_keras.runs import WEIGHTS

CALIBRATION_PICTURES = 256
FLOOR = 0.02  # scores below say nothing
LEAST_SIDE = 40.0  # px in 640 x 480: faces that count
YUNET_THRESHOLD = 0.6
LARGEST_LOSS = 1.0  # points of recall, at the same false boxes, that int8 may lose against float32
GOLDEN_FRAMES, GOLDEN_WIDTH = 4, 256
MINIMUM_RUNTIME = "1.0"

Quantised = Literal["float32", "int8"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a detector's bundle beside the flatbuffer."""

    name: str
    version: str
    quantisation: Quantised
    size: tuple[int, int]
    threshold: float
    training: dict[str, Any]
    metrics: list[dict[str, Any]]


def convert_detector(
    recipe: DetectionRecipe, run: Path, out: Path, version: str, float32: bool, progress: Progress = quiet
) -> list[DetectionBundle]:
    """Convert the network of a finished run; report parity on the validation photographs.

    The threshold is the one at which the int8 model makes as many false boxes on the validation photographs
    as YuNet does there at its own; the test photographs play no part.

    Raises:
        ModelMissingError: the run is not finished.
        MienError: int8 loses too much recall.
    """
    if not (run / WEIGHTS).is_file():
        raise ModelMissingError(f"{run / WEIGHTS} is missing: run `mien train {recipe.name}` first")
    model = keras.saving.load_model(run / WEIGHTS)
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
    flatbuffers: dict[Quantised, bytes] = {
        "float32": export.to_float32(model),
        "int8": export.to_int8(model, pictures, input=tf.int8, output=tf.int8),
    }
    for data in flatbuffers.values():
        export.operators(data)
    scenes = validation_scenes(recipe)
    contents = Contents(
        name=recipe.name,
        version=version,
        quantisation="float32",
        size=(width, height),
        threshold=0.5,
        training={
            "recipe": recipe.model_dump_json(
                exclude={"data": {"photos", "crops", "lfw", "fer2013", "ferplus", "teacher"}}
            ),
            "data": f"{len(sources.photos)} photographs with real masks, and face crops: "
            + ", ".join(str(len(pool)) for _, pool in sources.crops),
            "teacher": "YuNet, no part of mien: landmarks, faces nobody annotated, hints at its features",
        },
        metrics=[],
    )
    tallies = {name: _measure(name, data, contents, scenes) for name, data in flatbuffers.items()}
    yunet = _tally(YuNet(recipe.data.teacher, 320, YUNET_THRESHOLD), scenes)
    false_boxes = yunet.false_boxes(YUNET_THRESHOLD)
    threshold = float(np.clip(tallies["int8"].threshold_for(false_boxes), 0.1, 0.95))
    # Upwards: rounded down it may let one more of int8's few score levels pass.
    threshold = math.ceil(1e4 * threshold) / 1e4
    _write_report(
        recipe.name, tallies, yunet, false_boxes, threshold, {k: len(v) for k, v in flatbuffers.items()}
    )
    _refuse_loss(tallies, false_boxes)
    bundles = []
    for kind in ("int8", "float32") if float32 else ("int8",):
        quantisation: Quantised = "int8" if kind == "int8" else "float32"
        final = Contents(
            **{
                **{field: getattr(contents, field) for field in Contents.__slots__},
                "name": recipe.name if kind == "int8" else f"{recipe.name}_{kind}",
                "quantisation": quantisation,
                "threshold": threshold,
                "metrics": _metrics(tallies[quantisation], threshold),
            }
        )
        bundles.append(write_bundle(out / final.name, flatbuffers[quantisation], final, golden_frames()))
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


def validation_scenes(recipe: DetectionRecipe) -> list[Scene]:
    """The validation photographs in 640 x 480, without copies of test photographs."""
    photos = read_masked_faces(recipe.data.photos, PhotoSplit.VALIDATION)
    test = read_masked_faces(recipe.data.photos, PhotoSplit.TEST)
    known = copies([photo.image for photo in photos], [photo.image for photo in test])
    return [fit(photo) for photo, copy in zip(photos, known, strict=True) if not copy]


def write_bundle(folder: Path, flatbuffer: bytes, contents: Contents, golden: Image) -> DetectionBundle:
    """Write `model.tflite`, `golden.npz`, the model card and the manifest, and read them back verified."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(flatbuffer)
    (folder / "MODEL_CARD.md").write_text(_card(contents))
    files = ("model.tflite", "MODEL_CARD.md")
    _write_manifest(folder, contents, files)
    outputs: dict[str, Any] = golden_outputs(load_detection(str(folder)), golden)
    np.savez_compressed(folder / "golden.npz", **outputs)
    _write_manifest(folder, contents, (*files, "golden.npz"))
    return load_detection(str(folder))


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


def _measure(name: Quantised, flatbuffer: bytes, contents: Contents, scenes: Sequence[Scene]) -> Tally:
    """A flatbuffer's findings on scenes, through the detector of the device."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.mkdir()
        (path / "model.tflite").write_bytes(flatbuffer)
        _write_manifest(path, contents, ("model.tflite",))
        return _tally(Facet(load_detection(str(path)), 320, FLOOR), scenes)


def _tally(detector: Any, scenes: Sequence[Scene]) -> Tally:
    return tally(scenes, [detector.detect(scene.image) for scene in scenes], LEAST_SIDE)


def _recalls(result: Tally, threshold: float) -> tuple[float, float]:
    bare = result.states == MASK_STATES.index("no_mask")
    return 100 * result.recall(threshold, ~bare), 100 * result.recall(threshold, bare)


def _metrics(result: Tally, threshold: float) -> list[dict[str, Any]]:
    protocol = "faces of 40 px or more in 640 x 480, IoU > 0.3, validation photographs, longest side 320"
    return [
        {"set": name, "value": round(value, 2), "protocol": protocol}
        for name, value in zip(("recall, masked", "recall, bare"), _recalls(result, threshold), strict=True)
    ]


def _refuse_loss(tallies: dict[Quantised, Tally], false_boxes: int) -> None:
    """Of all faces together: there are so few bare ones that a single one is more than a point."""
    before, after = (
        100 * result.recall(result.threshold_for(false_boxes))
        for result in (tallies["float32"], tallies["int8"])
    )
    if before - after > LARGEST_LOSS:
        raise MienError(f"int8 loses {before - after:.2f} points of recall, more than {LARGEST_LOSS}")


def _write_report(
    name: str,
    tallies: dict[Quantised, Tally],
    yunet: Tally,
    false_boxes: int,
    threshold: float,
    sizes: dict[Any, int],
) -> None:
    lines = [
        "| variant | KiB | threshold | false boxes | recall masked | recall bare | AP |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [(kind, result, result.threshold_for(false_boxes)) for kind, result in tallies.items()]
    for kind, result, at in [*rows, ("YuNet 320", yunet, YUNET_THRESHOLD)]:
        masked, bare = _recalls(result, at)
        size = f"{sizes[kind] / 1024:.0f}" if kind in sizes else "-"
        lines.append(
            f"| {kind} | {size} | {at:.3f} | {result.false_boxes(at)} | {masked:.2f} | {bare:.2f} | "
            f"{100 * result.average_precision():.2f} |"
        )
    body = "\n".join(lines) + (
        "\n\nRecall and average precision (IoU > 0.3), per cent, on "
        f"{yunet.pictures} validation photographs, "
        f"faces of 40 px or more in 640 x 480, at the false boxes YuNet makes at its own threshold. The "
        f"bundle's threshold is int8's, {threshold:.3f}."
    )
    write_section(f"convert:{name}", f"Parity of {name}", f"mien convert {name}", body)
    print(body)


def _write_manifest(folder: Path, contents: Contents, files: Sequence[str]) -> None:
    manifest = DetectionManifest(
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
        sha256={name: sha256(folder / name) for name in files},
    )
    (folder / "manifest.json").write_text(json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")


def _card(contents: Contents) -> str:
    rows = "\n".join(f"| {m['set']} | {m['value']:.2f} | {m['protocol']} |" for m in contents.metrics)
    training = "\n".join(f"- {name}: {value}" for name, value in contents.training.items())
    return f"""# {contents.name} {contents.version}

Finds faces, bare and masked, with five landmarks and a mask state ({", ".join(MASK_STATES)}) each;
{contents.quantisation} TFLite. BGR pictures of any size whose sides are multiples of {STRIDES[-1]}; exported
at {contents.size[0]} x {contents.size[1]}.

## Measured
| what | per cent | protocol |
|---|---|---|
{rows}

Score threshold {contents.threshold}. The comparison with other detectors on the test photographs is in
docs/results.md.

## Trained on
{training}

## Intended use and limits
It finds faces so that an expression can be read; it recognises nobody. Faces below 20 px of the network's
input (40 px at 640 x 480), in profile, upside down or in the dark are often missed. Boxes reach from the
brows to the chin. Landmarks under a mask are guesses. Masks worn incorrectly are rare in the training
pictures and often taken for masks worn well.
"""
