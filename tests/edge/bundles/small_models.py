"""Small networks, good and bad ones, as bundles: 16 pixels in, seven answers out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles import Manifest, load, sha256
from edge.classifier import Classifier
from edge.labels import LABELS

SIZE, SCALE, OFFSET = 16, 1 / 128, -1.0
FACES = np.random.default_rng(3).integers(0, 256, (4, SIZE, SIZE), np.uint8)


def softmax(tf, scores):
    return tf.nn.softmax(scores)


def six(tf, scores):
    return tf.nn.softmax(scores[:, :6])


def no_number(tf, scores):
    return tf.nn.softmax(tf.math.log(scores - 1000.0))


def no_probabilities(tf, scores):
    return tf.nn.sigmoid(scores)


def endless(tf, scores):
    """A loop whose end never comes: the squares of the scores stay below what is waited for."""
    (scores,) = tf.while_loop(lambda s: tf.reduce_max(s) < 1e9, lambda s: (tf.nn.tanh(s),), (scores,))
    return tf.nn.softmax(scores)


def greedy(tf, scores):
    """Asks for 40 GB on the way."""
    large = tf.image.resize(tf.reshape(scores, [1, 1, 7, 1]), [100_000, 100_000], method="nearest")
    return tf.nn.softmax(scores + tf.reduce_mean(large))


def convert(end: Callable[[Any, Any], Any] = softmax, quantised: bool = False) -> bytes:
    """The flatbuffer of a network with weights from a seed; `end` makes answers of seven scores."""
    tf = pytest.importorskip("tensorflow")
    weights = np.random.default_rng(5).normal(0, 0.7, (SIZE * SIZE // 16, 7)).astype("f")

    @tf.function(input_signature=[tf.TensorSpec([1, SIZE, SIZE, 1])])
    def network(picture):
        small = tf.reshape(tf.nn.avg_pool2d(picture, 4, 4, "VALID"), [1, -1])
        return end(tf, tf.matmul(small, weights))

    def pictures():
        for face in (FACES[0] * 0, FACES[0] * 0 + 255, *FACES):
            yield [(face[np.newaxis, :, :, np.newaxis] * SCALE + OFFSET).astype("f")]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()], network)
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = pictures
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    return converter.convert()


def write(folder: Path, model: bytes, answers: Any = None, **changes: Any) -> Path:
    """Write a bundle; its golden answers are the model's own unless given, `changes` are of the manifest."""
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(model)
    (folder / "MODEL_CARD.md").write_text("# small\n")
    fields = {
        "name": "small",
        "version": "1.0.0",
        "task": "expression",
        "labels": LABELS,
        "input": {"size": SIZE, "channels": 1, "scale": SCALE, "offset": OFFSET},
        "crop": {"template": [(0.3, 0.4)] * 5},
        "calibration": {"temperature": 1.0, "abstain_below": 0.4},
        "quantisation": "float32",
        "training": {},
        "metrics": [],
        "minimum_runtime": "1.0",
        "sha256": {},
    }
    manifest = Manifest.model_validate(fields | changes).model_dump(mode="json")
    if answers is None:
        seal(folder, manifest)
        answers = Classifier(load(str(folder))).classify(FACES)
    np.savez_compressed(folder / "golden.npz", inputs=FACES, probabilities=answers)
    seal(folder, manifest)
    return folder


def seal(folder: Path, manifest: dict[str, Any] | None = None) -> None:
    """Write the manifest, its checksums in line with the files that are there."""
    if manifest is None:
        manifest = json.loads((folder / "manifest.json").read_text())
    names = ("model.tflite", "golden.npz", "MODEL_CARD.md")
    manifest["sha256"] = {name: sha256(folder / name) for name in names if (folder / name).is_file()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def anything() -> Any:
    """Golden answers for models that have none worth keeping."""
    return np.full((len(FACES), len(LABELS)), 1 / len(LABELS), np.float32)
