"""mien's whole way of a frame, with the detector that ships."""

from __future__ import annotations

from typing import Any

import cv2
from lines import Work, serve
from pixels import read_frames

from benchmarks.material import make_pipeline, stepping
from edge.bundles import load
from edge.classifier import Classifier
from edge.detectors import open_detector
from edge.runtime import runtime_version


def make(options: dict[str, Any]) -> Work:
    cv2.setNumThreads(1)
    frames = read_frames(options["frames"])
    classifier = Classifier(load(options["bundle"]))
    pipeline = make_pipeline(classifier, open_detector("facet"), options["fps"], options["adaptive"])
    return Work(stepping(pipeline, frames), None, runtime_version())


if __name__ == "__main__":
    serve(make)
