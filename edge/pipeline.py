"""The way of a frame: find → crop → classify → smooth → observation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.bundles import Bundle
from edge.classifier import Classifier
from edge.finding import Finder
from edge.scratch import Scratch
from edge.smoothing import MaskVote, Smoother
from edge.types import Expression, Face, Floats, Frame, Image, Observation, ObservedFace, coarsen


class Pipeline:
    """Turns frames into observations, one at a time.

    Args:
        finder: finds and follows the faces.
        classifier: reads their expressions.
        smoother, mask_vote: calm each face's answers.
        fps: of a recording, whose own clock then tells time to finder and smoother, however fast it is
            processed; None takes the frames' capture times.
    """

    def __init__(
        self,
        finder: Finder,
        classifier: Classifier,
        smoother: Smoother | None = None,
        mask_vote: MaskVote | None = None,
        fps: float | None = None,
    ) -> None:
        self.finder = finder
        self._smoother = smoother or Smoother()
        self._mask_vote = mask_vote or MaskVote()
        self._fps = fps
        self._scratch = Scratch()
        self.use(classifier)

    def use(self, classifier: Classifier) -> None:
        """Read expressions with this model from now on. No answer mixes those of two models."""
        self._classifier = classifier
        self._smoother.keep(())
        made = classifier.bundle.manifest
        self._model = f"{made.name}@{made.version}"
        self._geometry = geometry_of(classifier.bundle)
        self._abstain_below = classifier.bundle.manifest.calibration.abstain_below

    def clock(self, frame: Frame) -> float:
        """Seconds of the camera's own clock."""
        return frame.sequence / self._fps if self._fps else frame.captured

    def process(self, frame: Frame) -> Observation:
        """Everything the frame says."""
        now = self.clock(frame)
        started = time.monotonic()
        sighting = self.finder.find(frame, now)
        detected = time.monotonic()
        crops = crop_faces(frame.image, sighting.faces, self._geometry, self._scratch)
        answers = self._classifier.classify(crops)
        classified = time.monotonic()
        observed = tuple(
            self._observed(face, track, row, now)
            for face, track, row in zip(sighting.faces, sighting.tracks, answers, strict=True)
        )
        alive = self.finder.alive
        self._smoother.keep(alive)
        self._mask_vote.keep(alive)
        done = time.monotonic()
        self.finder.costs.note_rest(done - detected)
        age = done - frame.captured
        return Observation(
            camera=frame.camera,
            frame=frame.sequence,
            time=datetime.now(UTC) - timedelta(seconds=age),
            capture_to_event=age,
            detect=detected - started,
            classify=classified - detected,
            faces=observed,
            look=sighting.look,
            model=self._model,
        )

    def _observed(self, face: Face, track: int, probabilities: Floats, now: float) -> ObservedFace:
        smooth = self._smoother.smooth(track, probabilities, now)
        expression = to_expression(smooth, self._abstain_below)
        return ObservedFace(self._mask_vote.settle(track, face, now), expression, track)


def geometry_of(bundle: Bundle) -> CropGeometry:
    """The framing a bundle's model was trained with."""
    return CropGeometry(bundle.manifest.input.size, bundle.manifest.crop.template)


def crop_faces(
    image: Image, faces: Sequence[Face], geometry: CropGeometry, scratch: Scratch | None = None
) -> Image:
    """The crops of all faces: uint8 [N, size, size]; scratch as `crop_face` takes it."""
    crops = np.empty((len(faces), geometry.size, geometry.size), np.uint8)
    for crop, face in zip(crops, faces, strict=True):
        crop[:] = crop_face(image, face, geometry, scratch)
    return crops


def to_expression(probabilities: Floats, abstain_below: float) -> Expression:
    """Note whether even the surest of the coarse five is too weak to stand behind; float32 [7]."""
    return Expression(probabilities, bool(coarsen(probabilities).max() < abstain_below))
