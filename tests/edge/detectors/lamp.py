"""A detector whose answers can be told by looking at the picture.

It sees a face wherever the blue of a cell is lit. The face wears a mask where red is lit too, none where
green is, and one worn incorrectly where neither is. Sides and landmarks lie at fixed distances in strides.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge import bundles
from edge.bundles import DetectionManifest, PictureSpec, sha256
from edge.detectors.golden import golden_outputs
from edge.labels import MASK_STATES
from edge.types import Image

WIDTH, HEIGHT, STRIDES = 320, 256, (8, 16, 32)
SIDES = (1.5, 1.25, 2.0, 1.75)  # left, top, right, bottom
MARKS = (-0.5, -0.5, 0.75, -0.5, 0.0, 0.25, -0.5, 1.0, 0.5, 1.0)
# A face with a mask worn incorrectly, with none, with one; blue, green, red.
BLUE, GREEN, RED = (255, 0, 0), (255, 255, 0), (255, 0, 255)


def lit(height: int, width: int, *cells: tuple[int, int, tuple[int, ...]], scale: int = 1) -> Image:
    """A black picture with some cells [8 x 8 network pixels] lit: (row, column, colour)."""
    picture = np.zeros((height, width, 3), np.uint8)
    side = 8 * scale
    for row, column, colour in cells:
        picture[row * side : (row + 1) * side, column * side : (column + 1) * side] = colour
    return picture


def convert(quantised: bool) -> bytes:
    """The flatbuffer, with weights set by hand."""
    tf = pytest.importorskip("tensorflow")
    class_kernel, geometry_kernel = np.zeros((1, 1, 3, 4), "f"), np.zeros((1, 1, 3, 14), "f")
    class_kernel[0, 0] = [[8, 0, 0, 0], [0, 0, 4, 0], [0, 4, 0, 0]]

    @tf.function(input_signature=[tf.TensorSpec([1, HEIGHT, WIDTH, 3])])
    def network(picture):
        answers = {}
        for stride in STRIDES:
            cells = tf.nn.avg_pool2d(picture, stride, stride, "VALID")
            classes = tf.nn.conv2d(cells, class_kernel, 1, "VALID")
            geometry = tf.nn.conv2d(cells, geometry_kernel, 1, "VALID")
            answers[f"class{stride}"] = tf.nn.bias_add(classes, [-4.0, 0, 0, 0])
            answers[f"geometry{stride}"] = tf.nn.bias_add(geometry, [*SIDES, *MARKS])
        return answers

    def pictures():
        rng = np.random.default_rng(0)
        for picture in (np.zeros((8, 10, 3)), np.ones((8, 10, 3)), *rng.integers(0, 2, (6, 8, 10, 3))):
            yield [(picture.repeat(32, 0).repeat(32, 1)[np.newaxis] * (255 / 128) - 1).astype("f")]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()], network)
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = pictures
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type, converter.inference_output_type = tf.uint8, tf.int8
    return converter.convert()


def write(folder: Path, model: bytes, inputs: Image | None = None, **changes: object) -> Path:
    """Write a bundle, with golden outputs of `inputs`; `changes` are of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(model)
    fields = {
        "name": "lamp",
        "version": "1.0.0",
        "task": "detection",
        "labels": MASK_STATES,
        "input": PictureSpec(width=WIDTH, height=HEIGHT, channels=3, scale=1 / 128, offset=-1.0),
        "strides": STRIDES,
        "threshold": 0.6,
        "quantisation": "int8",
        "training": {},
        "metrics": [],
        "minimum_runtime": "1.0",
        "sha256": {"model.tflite": sha256(folder / "model.tflite")},
    }
    manifest = DetectionManifest.model_validate(fields | changes)
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    if inputs is not None:
        bundle = bundles.load_detection(str(folder))
        np.savez_compressed(bundle.golden, **golden_outputs(bundle, inputs))
        checksums = manifest.sha256 | {"golden.npz": sha256(bundle.golden)}
        (folder / "manifest.json").write_text(json.dumps(manifest.model_dump() | {"sha256": checksums}))
    return folder
