"""mien's classifier: one face after another."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from lines import Work, serve

from edge.bundles import load
from edge.classifier import Classifier
from edge.runtime import runtime_version


def make(options: dict[str, Any]) -> Work:
    classifier = Classifier(load(str(Path(options["bundle"]))))
    faces = np.load(options["faces"])
    turns = itertools.cycle(faces[:, np.newaxis])
    return Work(
        lambda: classifier.classify(next(turns)),
        lambda: classifier.classify(faces).tolist(),
        runtime_version(),
    )


if __name__ == "__main__":
    serve(make)
