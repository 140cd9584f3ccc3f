"""fer: a cascade finds the faces, its network reads them."""

from __future__ import annotations

import importlib.metadata
import itertools
from typing import Any

import cv2
import tensorflow as tf
from fer.fer import FER
from lines import Work, serve
from pixels import read_frames


def make(options: dict[str, Any]) -> Work:
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    frames = read_frames(options["frames"])
    reader = FER(use_tflite=options["tflite"])
    turns = itertools.cycle(range(len(frames)))
    found = [len(reader.detect_emotions(frame)) for frame in frames[::16]]
    about = f"fer {importlib.metadata.version('fer')}, {sum(found) / len(found):.2f} faces a frame"
    return Work(lambda: reader.detect_emotions(frames[next(turns)]), None, about)


if __name__ == "__main__":
    serve(make)
