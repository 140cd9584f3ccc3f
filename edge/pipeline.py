"""The way of a frame: detect → track → crop → classify → smooth → observation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.bundles import Bundle
from edge.classifier import Classifier
from edge.detectors import Detector
from edge.smoothing import Smoother
from edge.tracking import Tracker
from edge.types import Expression, Face, Floats, Frame, Image, Observation, ObservedFace, coarsen


class Pipeline:
    """Turns frames into observations, one at a time.

    Args:
        detector: finds the faces.
        classifier: reads their expressions.
        tracker, smoother: follow each face through time.
        fps: of a recording, whose own clock then tells time to tracker and smoother, however fast it is
            processed; None takes the frames' capture times.
    """

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        tracker: Tracker | None = None,
        smoother: Smoother | None = None,
        fps: float | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = tracker or Tracker()
        self._smoother = smoother or Smoother()
        self._fps = fps
        self._geometry = geometry_of(classifier.bundle)
        self._abstain_below = classifier.bundle.manifest.calibration.abstain_below

    def process(self, frame: Frame) -> Observation:
        """Everything the frame says."""
        now = frame.sequence / self._fps if self._fps else frame.captured
        started = time.monotonic()
        faces = self._detector.detect(frame.image)
        detected = time.monotonic()
        tracks = self._tracker.update(faces, now)
        answers = self._classifier.classify(crop_faces(frame.image, faces, self._geometry))
        classified = time.monotonic()
        smooth = [self._smoother.smooth(track, row, now) for track, row in zip(tracks, answers, strict=True)]
        self._smoother.keep(self._tracker.alive)
        observed = tuple(
            ObservedFace(face, to_expression(row, self._abstain_below), track)
            for face, row, track in zip(faces, smooth, tracks, strict=True)
        )
        age = time.monotonic() - frame.captured
        return Observation(
            camera=frame.camera,
            frame=frame.sequence,
            time=datetime.now(UTC) - timedelta(seconds=age),
            capture_to_event=age,
            detect=detected - started,
            classify=classified - detected,
            faces=observed,
        )


def geometry_of(bundle: Bundle) -> CropGeometry:
    """The framing a bundle's model was trained with."""
    return CropGeometry(bundle.manifest.input.size, bundle.manifest.crop.template)


def crop_faces(image: Image, faces: Sequence[Face], geometry: CropGeometry) -> Image:
    """The crops of all faces: uint8 [N, size, size]."""
    crops = np.empty((len(faces), geometry.size, geometry.size), np.uint8)
    for crop, face in zip(crops, faces, strict=True):
        crop[:] = crop_face(image, face, geometry)
    return crops


def to_expression(probabilities: Floats, abstain_below: float) -> Expression:
    """Note whether even the surest of the coarse five is too weak to stand behind; float32 [7]."""
    return Expression(probabilities, bool(coarsen(probabilities).max() < abstain_below))
