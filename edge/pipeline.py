"""The way of a frame: find → crop → classify → smooth → observation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.bundles import Bundle
from edge.calibration import to_expression
from edge.classifier import BOTH, MIRRORED, PLAIN, Classifier
from edge.finding import Finder
from edge.scratch import Scratch
from edge.smoothing import MaskVote, Smoother
from edge.types import Face, Floats, Frame, Image, Observation, ObservedFace

LIGHT = 0.25  # share of one answer in what is shown, up to which one look at the face will do


class Pipeline:
    """Turns frames into observations, one at a time.

    Where the model reads mirror images too, a face that is followed and smoothed is read once a frame, as it
    is and mirrored in turns: what is shown is a mean over many frames, and so over both.

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
        self._turn = PLAIN
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
        crops = crop_faces(frame.image, sighting.faces, self._geometry, self._scratch)
        answers = self._classifier.classify(crops, self._sides(sighting.tracks, now))
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

    def _sides(self, tracks: Sequence[int], now: float) -> list[tuple[bool, bool]]:
        self._turn = MIRRORED if self._turn == PLAIN else PLAIN
        return [self._turn if self._smoother.weight(track, now) <= LIGHT else BOTH for track in tracks]

    def _observed(self, face: Face, track: int, probabilities: Floats, now: float) -> ObservedFace:
        smooth = self._smoother.smooth(track, probabilities, now)
        settled = self._mask_vote.settle(track, face, now)
        return ObservedFace(settled, to_expression(smooth, self._calibration, settled.mask_state), track)


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
