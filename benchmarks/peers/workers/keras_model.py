"""The same network in Keras on TensorFlow: `model.predict`, or the model called."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from lines import Work, serve
from pixels import read_faces

import train_keras.models  # noqa: F401  registers the layers that a network is loaded with


def make(options: dict[str, Any]) -> Work:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = keras.saving.load_model(options["model"], compile=False)
    faces = read_faces(options["faces"], model.input_shape[-1])
    turns = itertools.cycle(faces[:, np.newaxis])
    steps = {
        "predict": lambda: model.predict(next(turns), verbose=0),
        "call": lambda: np.asarray(model(next(turns), training=False)),
    }
    about = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    return Work(steps[options["way"]], lambda: model.predict(faces, verbose=0).tolist(), about)


if __name__ == "__main__":
    serve(make)
