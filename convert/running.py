"""Runs TFLite models on pictures, given as the device gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convert.flatbuffer import open_model
from edge.runtime import dequantisation, write_pixels
from edge.types import Floats, Image
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE


def run_flatbuffer(flatbuffer: bytes, images: Image) -> Floats:
    """Probabilities float32 [N, 7] of uint8 [N, S, S] faces, through the LiteRT the device uses."""
    interpreter = open_model(flatbuffer)
    (answer,) = interpreter.get_output_details()
    rows = [real_values(interpreter, answer)[0] for _ in run_pictures(interpreter, images[..., np.newaxis])]
    return np.array(rows, np.float32)


def run_pictures(interpreter: Any, pictures: Image) -> Iterator[None]:
    """Run a model on one picture after another, as the device does; what it says is to be read in between.

    Args:
        pictures: uint8 [N, H, W, C].
    """
    (given,) = interpreter.get_input_details()
    buffer = np.zeros(given["shape"], given["dtype"])
    for picture in pictures:
        write_pixels(buffer[0], picture, INPUT_SCALE, INPUT_OFFSET)
        interpreter.set_tensor(given["index"], buffer)
        interpreter.invoke()
        yield


def real_values(interpreter: Any, detail: dict[str, Any]) -> Floats:
    """A tensor's values, float32, whatever it is quantised to."""
    scale, zero = dequantisation(detail)
    values = interpreter.get_tensor(detail["index"]).astype(np.float32)
    return (values - zero) * scale
