"""Whether a model answers on this machine as it did where it was converted."""

from __future__ import annotations

import numpy as np

from edge.classifier import Classifier
from edge.errors import ModelCorruptError

TOLERANCE = 0.02  # of a probability; int8 kernels round differently from processor to processor


def check_golden(classifier: Classifier) -> None:
    """Let a model answer its bundle's golden inputs.

    Raises:
        ModelCorruptError: there are none, or it answers another label or other probabilities than it should.
    """
    file = classifier.bundle.golden
    try:
        with np.load(file) as golden:
            inputs, expected = golden["inputs"], golden["probabilities"]
        answers = classifier.classify(inputs)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelCorruptError(f"{file} cannot be answered ({reason}): install the model again") from error
    worst = float(np.abs(answers - expected).max())
    if worst > TOLERANCE or (answers.argmax(axis=1) != expected.argmax(axis=1)).any():
        raise ModelCorruptError(
            f"{classifier.bundle.path} answers its golden inputs wrongly (by up to {worst:.3f}): "
            "install another version of it or of the runtime"
        )
