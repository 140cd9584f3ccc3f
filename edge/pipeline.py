"""The way of a frame: find → crop → classify → smooth → observation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.bundles import Bundle
from edge.calibration import to_expression
from edge.classifier import Classifier
from edge.finding import Finder
from edge.scratch import Scratch
from edge.smoothing import MaskVote, Smoother
from edge.turns import Turns
from edge.types import Face, Frame, Image, Observation, ObservedFace


class Pipeline:
    """Turns frames into observations, one at a time.

    Args:
        finder: finds and follows the faces.
        classifier: reads their expressions.
        smoother, mask_vote: calm each face's answers.
        turns: which faces are read in a frame; the others show what they showed before.
        fps: of a recording, whose own clock then tells time to finder and smoother, however fast it is
            processed; None takes the frames' capture times.
    """

    def __init__(
        self,
        finder: Finder,
        classifier: Classifier,
        smoother: Smoother | None = None,
        mask_vote: MaskVote | None = None,
        turns: Turns | None = None,
        fps: float | None = None,
    ) -> None:
        self.finder = finder
        self._smoother = smoother or Smoother()
        self._mask_vote = mask_vote or MaskVote()
        self._turns = turns or Turns()
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
        self._calibration = classifier.bundle.manifest.calibration

    def clock(self, frame: Frame) -> float:
        """Seconds of the camera's own clock."""
        return frame.sequence / self._fps if self._fps else frame.captured

    def process(self, frame: Frame) -> Observation:
        """Everything the frame says."""
        now = self.clock(frame)
        started = time.monotonic()
        sighting = self.finder.find(frame, now)
        detected = time.monotonic()
        weights = [self._smoother.weight(track, now) for track in sighting.tracks]
        chosen = self._turns.take(sighting.tracks, weights)
        crops = crop_faces(
            frame.image, [sighting.faces[row] for row in chosen], self._geometry, self._scratch
        )
        answers = self._classifier.classify(crops, tuple(chosen.values()))
        classified = time.monotonic()
        for row, answer in zip(chosen, answers, strict=True):
            self._smoother.smooth(sighting.tracks[row], answer, now)
        observed = tuple(
            self._observed(face, track, now)
            for face, track in zip(sighting.faces, sighting.tracks, strict=True)
        )
        alive = self.finder.alive
        for follower in (self._smoother, self._mask_vote, self._turns):
            follower.keep(alive)
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
            read=len(chosen),
            look=sighting.look,
            model=self._model,
        )

    def _observed(self, face: Face, track: int, now: float) -> ObservedFace:
        settled = self._mask_vote.settle(track, face, now)
        shown = self._smoother.shown(track)
        return ObservedFace(settled, to_expression(shown, self._calibration, settled.mask_state), track)


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
