"""The floor: the runtime's invoke of mien's detector and then of its classifier, and nothing around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from lines import Work, serve
from pixels import read_frames

from edge.bundles import load_detection
from edge.runtime import quiet_runtime, runtime, runtime_version

LONGEST_SIDE = 320  # of the detector's picture, as the configuration has it


def make(options: dict[str, Any]) -> Work:
    height, width = read_frames(options["frames"]).shape[1:3]
    bundle = load_detection()
    most = max(bundle.manifest.strides)
    shrink = LONGEST_SIDE / max(width, height)
    shape = [1, *(-(-round(side * shrink) // most) * most for side in (height, width)), 3]
    detector = interpreter(bundle.model, shape)
    classifier = interpreter(Path(options["bundle"]) / "model.tflite", None)

    def step() -> None:
        detector.invoke()
        classifier.invoke()

    return Work(step, None, f"{runtime_version()}; detector {shape[2]}x{shape[1]}")


def interpreter(model: Path, shape: list[int] | None) -> Any:
    """Ready to be invoked on one thread, with noise as its input."""
    with quiet_runtime():
        made = runtime().Interpreter(model_path=str(model), num_threads=1)
        if shape is not None:
            made.resize_tensor_input(made.get_input_details()[0]["index"], shape)
        made.allocate_tensors()
    given = made.get_input_details()[0]
    noise = np.random.default_rng(0).integers(0, 127, given["shape"]).astype(given["dtype"])
    made.set_tensor(given["index"], noise)
    return made


if __name__ == "__main__":
    serve(make)
