"""The same network in ONNX Runtime on one thread of the CPU."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnxruntime
from lines import Work, serve
from pixels import read_faces


def make(options: dict[str, Any]) -> Work:
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(options["model"], chosen, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    faces = read_faces(options["faces"], given.shape[3])
    turns = itertools.cycle(faces[:, np.newaxis])
    return Work(
        lambda: session.run(None, {given.name: next(turns)}),
        lambda: [session.run(None, {given.name: face})[0][0].tolist() for face in faces[:, np.newaxis]],
        f"onnxruntime {onnxruntime.__version__}",
    )


if __name__ == "__main__":
    serve(make)
