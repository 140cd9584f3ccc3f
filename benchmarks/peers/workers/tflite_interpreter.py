"""The same file in tflite-runtime, the runtime before LiteRT, on one thread."""

from __future__ import annotations

import importlib.metadata
import itertools
from typing import Any

import numpy as np
from lines import Work, serve
from pixels import read_faces
from tflite_runtime.interpreter import Interpreter


def make(options: dict[str, Any]) -> Work:
    interpreter = Interpreter(model_path=options["model"], num_threads=1)
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    faces = np.load(options["faces"])[..., np.newaxis].repeat(given["shape"][3], axis=3)
    if given["dtype"] == np.float32:
        faces = read_faces(options["faces"], given["shape"][3])
    scale, zero = answer["quantization"] if answer["quantization"][0] else (1.0, 0)

    def read(face: Any) -> Any:
        interpreter.set_tensor(given["index"], face)
        interpreter.invoke()
        return interpreter.get_tensor(answer["index"])[0]

    def answers() -> list[list[float]]:
        return [((read(face).astype(np.float32) - zero) * scale).tolist() for face in faces[:, np.newaxis]]

    turns = itertools.cycle(faces[:, np.newaxis])
    return Work(lambda: read(next(turns)), answers, f"tflite-runtime {version()}")


def version() -> str:
    return importlib.metadata.version("tflite-runtime")


if __name__ == "__main__":
    serve(make)
