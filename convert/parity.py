"""Accuracy of one network as Keras, float32 TFLite and int8 TFLite, on the same faces."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.data.faces import Rows


def run_flatbuffer(flatbuffer: bytes, images: Image) -> Floats:
    """Probabilities float32 [N, 7] of uint8 [N, S, S] faces, through the LiteRT the device uses."""
    from ai_edge_litert.interpreter import Interpreter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(flatbuffer)
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
        given, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        rows = []
        for image in images:
            face = image[None, ..., None] if given["dtype"] == np.uint8 else scale_pixels(image[None])
            interpreter.set_tensor(given["index"], face)
            interpreter.invoke()
            rows.append(interpreter.get_tensor(answer["index"])[0])
        scale, zero = answer["quantization"]
    out = np.array(rows, np.float32)
    return (out - zero) * scale if scale else out


def parity(
    model: keras.Model, flatbuffers: Mapping[str, bytes], images: Image, classes: Rows
) -> dict[str, dict[str, float]]:
    """Per variant: accuracy in per cent, agreement with Keras in per cent, largest probability difference."""
    reference = model.predict(scale_pixels(images), batch_size=512, verbose=0)
    answers = {
        "keras": reference,
        **{name: run_flatbuffer(data, images) for name, data in flatbuffers.items()},
    }
    return {
        name: {
            "accuracy": 100 * float(np.mean(rows.argmax(1) == classes)),
            "agreement": 100 * float(np.mean(rows.argmax(1) == reference.argmax(1))),
            "largest_difference": float(np.abs(rows - reference).max()),
        }
        for name, rows in answers.items()
    }
