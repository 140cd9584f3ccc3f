"""What is measured: the models of a configuration, made ready, with the time that took."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge.bench.document import Model
from edge.bundles import Bundle, DetectionBundle, sha256
from edge.classifier import Classifier
from edge.detectors import Detector, SizedDetector
from edge.detectors.facet import Facet
from edge.settings import DetectorConfig, ModelConfig, Settings
from edge.store.choosing import load_detector, load_model
from edge.watching import make_detector

T = TypeVar("T")


def timed(make: Callable[[], T]) -> tuple[T, float]:
    """What is made, and the seconds it took."""
    started = time.perf_counter()
    made = make()
    return made, time.perf_counter() - started


def load_classifier(config: ModelConfig) -> tuple[Classifier, float]:
    """The expression model, read, verified and made ready, and the seconds that took.

    Raises:
        MienError: there is none, or it is damaged.
    """
    return timed(lambda: Classifier(load_model(config), config.threads, config.mirror))


def ready_detector(settings: Settings) -> tuple[SizedDetector, float]:
    """The detector, read, verified and made ready, and the seconds that took.

    Raises what `load_detector` and `open_detector` raise.
    """
    return timed(lambda: make_detector(settings.detector, load_detector(settings)))


def model_of(bundle: Bundle | DetectionBundle) -> Model:
    """Which model a bundle holds."""
    made = bundle.manifest
    return Model(
        name=made.name,
        version=made.version,
        sha256=made.sha256["model.tflite"],
        quantisation=made.quantisation,
    )


def detector_of(detector: Detector, config: DetectorConfig) -> Model:
    """Which detector it is; a file's version is not known, its sha256 is."""
    if isinstance(detector, Facet):
        return model_of(detector.bundle)
    file = config.name.partition(":")[2]
    return Model(
        name=detector.name,
        version=None,
        sha256=sha256(Path(file)) if file else None,
        quantisation=None,
    )
