"""Expressions of picture files, without a camera: `mien predict`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.alignment import resize_crop
from edge.calibration import to_expression
from edge.cameras.folder import list_images, read_image
from edge.classifier import Classifier
from edge.detectors import Detector
from edge.errors import FileUnreadableError, NotAPictureError
from edge.pipeline import crop_faces, geometry_of
from edge.types import Expression, Face, Floats, Image, ObservedFace, expression_dict

logger = logging.getLogger(__name__)
BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One face of one file: `file` as given, `face` None where the picture is a face crop already."""

    file: str
    face: Face | None
    expression: Expression

    def to_dict(self) -> dict[str, Any]:
        """The face in the events' field names."""
        if self.face is None:
            return {"file": self.file, **expression_dict(self.expression)}
        return {"file": self.file, **ObservedFace(self.face, self.expression).to_dict()}


@dataclass(frozen=True, slots=True)
class Picture:
    """A file to look at: its path as given, and whether the user gave it and not a folder that holds it."""

    file: str
    named: bool


class Predictor:
    """Reads the expressions in pictures.

    Args:
        classifier: the expression model.
        detector: finds the faces; None when each picture is a face crop already.
    Attributes:
        skipped: damaged pictures that were left out.
        faceless: pictures in which no face was found.
    """

    def __init__(self, classifier: Classifier, detector: Detector | None) -> None:
        self.skipped = 0
        self.faceless = 0
        self._classifier = classifier
        self._detector = detector
        self._geometry = geometry_of(classifier.bundle)
        self._calibration = classifier.bundle.manifest.calibration

    def predict(self, pictures: Sequence[Picture]) -> Iterator[tuple[int, list[Prediction]]]:
        """Predictions in the order of the files, a batch at a time, with the number of files the batch took.

        Raises:
            FileUnreadableError, NotAPictureError: a picture the user named cannot be read; one found in a
                folder is skipped with a warning instead.
        """
        for start in range(0, len(pictures), BATCH):
            batch = pictures[start : start + BATCH]
            found = [item for picture in batch for item in self._crops(picture)]
            crops = np.stack([crop for _, _, crop in found]) if found else np.empty((0, 1, 1), np.uint8)
            rows = self._classifier.classify(crops)
            yield (
                len(batch),
                [
                    Prediction(file, face, self._expression(row, face))
                    for (file, face, _), row in zip(found, rows, strict=True)
                ],
            )

    def _expression(self, probabilities: Floats, face: Face | None) -> Expression:
        return to_expression(probabilities, self._calibration, face.mask_state if face else None)

    def _crops(self, picture: Picture) -> list[tuple[str, Face | None, Image]]:
        try:
            image = read_image(Path(picture.file))
        except (FileUnreadableError, NotAPictureError) as error:
            if picture.named:
                raise
            self.skipped += 1
            logger.warning("skipped: %s", error)
            return []
        file = picture.file
        if self._detector is None:
            return [(file, None, resize_crop(image, self._geometry))]
        faces = self._detector.detect(image)
        if not faces:
            self.faceless += 1
            logger.warning("no face found in %s", file)
        crops = crop_faces(image, faces, self._geometry)
        return [(file, face, crop) for face, crop in zip(faces, crops, strict=True)]


def find_pictures(paths: Sequence[str]) -> list[Picture]:
    """All pictures the user means: files as given, folders walked in the order of names.

    Raises:
        FileUnreadableError: a path that does not exist.
        NoImagesError: a folder without images.
    """
    pictures = []
    for path in paths:
        files = list_images(Path(path))
        if os.path.isdir(path):
            pictures += [Picture(os.path.join(path, file.relative_to(path)), named=False) for file in files]
        else:
            pictures.append(Picture(path, named=True))
    return pictures
