"""How many faces every variant of a detector finds, on the validation photographs, as the device would."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.detection_bundle import Contents, write_bare
from convert.variants import Variant
from edge.detectors.facet import Facet
from edge.detectors.yunet import YuNet
from edge.labels import MASK_STATES
from train_keras.data.masked_faces import PhotoSplit, copies, read_masked_faces
from train_keras.detection.evaluation.scenes import Scene, fit
from train_keras.detection.evaluation.scores import Tally, tally
from train_keras.recipe import DetectionRecipe

FLOOR = 0.02  # scores below say nothing
LEAST_SIDE = 40.0  # px in 640 x 480: faces that count
LONGEST_SIDE = 320
YUNET_THRESHOLD = 0.6


@dataclass(frozen=True, slots=True)
class Findings:
    """What the variants and YuNet find on the same photographs."""

    variants: Mapping[Variant, Tally]
    yunet: Tally

    @property
    def false_boxes(self) -> int:
        """As many as YuNet makes at its own threshold; all are compared where they make so many."""
        return self.yunet.false_boxes(YUNET_THRESHOLD)

    @property
    def threshold(self) -> float:
        """int8's at that number of false boxes."""
        at = float(np.clip(self.variants["int8"].threshold_for(self.false_boxes), 0.1, 0.95))
        # Upwards: rounded down it may let one more of int8's few score levels pass.
        return math.ceil(1e4 * at) / 1e4

    def measured(self, variant: Variant) -> dict[str, dict[str, float]]:
        """Recall of bare ("full") and masked faces, average precision of all, in per cent."""
        result = self.variants[variant]
        masked, bare = recalls(result, result.threshold_for(self.false_boxes))
        return {
            "full": {"recall": bare},
            "masked": {"recall": masked},
            "all": {"average_precision": 100 * result.average_precision()},
        }

    def loss(self) -> float:
        """Points of recall that int8 loses against float32.

        Of all faces together: there are so few bare ones that a single one is more than a point.
        """
        before, after = (
            100 * result.recall(result.threshold_for(self.false_boxes))
            for result in (self.variants["float32"], self.variants["int8"])
        )
        return before - after

    def table(self) -> str:
        """Markdown."""
        lines = [
            "| variant | threshold | false boxes | recall masked | recall bare | AP |",
            "|---|---|---|---|---|---|",
        ]
        rows: list[tuple[str, Tally, float]] = [
            (name, result, result.threshold_for(self.false_boxes)) for name, result in self.variants.items()
        ]
        for name, result, at in [*rows, ("YuNet 320", self.yunet, YUNET_THRESHOLD)]:
            masked, bare = recalls(result, at)
            lines.append(
                f"| {name} | {at:.3f} | {result.false_boxes(at)} | {masked:.2f} | {bare:.2f} | "
                f"{100 * result.average_precision():.2f} |"
            )
        return "\n".join(lines)


def find_all(
    flatbuffers: Mapping[Variant, bytes], contents: Contents, recipe: DetectionRecipe, scenes: Sequence[Scene]
) -> Findings:
    """Run every variant, and YuNet, over scenes."""
    yunet = _tally(YuNet(recipe.data.teacher, LONGEST_SIDE, YUNET_THRESHOLD), scenes)
    return Findings({name: _find(data, contents, scenes) for name, data in flatbuffers.items()}, yunet)


def validation_scenes(recipe: DetectionRecipe) -> list[Scene]:
    """The validation photographs in 640 x 480, without copies of test photographs."""
    photos = read_masked_faces(recipe.data.photos, PhotoSplit.VALIDATION)
    test = read_masked_faces(recipe.data.photos, PhotoSplit.TEST)
    known = copies([photo.image for photo in photos], [photo.image for photo in test])
    return [fit(photo) for photo, copy in zip(photos, known, strict=True) if not copy]


def recalls(result: Tally, threshold: float) -> tuple[float, float]:
    """Of masked and of bare faces, per cent."""
    bare = result.states == MASK_STATES.index("no_mask")
    return 100 * result.recall(threshold, ~bare), 100 * result.recall(threshold, bare)


def _find(flatbuffer: bytes, contents: Contents, scenes: Sequence[Scene]) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        return _tally(Facet(write_bare(Path(folder), flatbuffer, contents), LONGEST_SIDE, FLOOR), scenes)


def _tally(detector: Any, scenes: Sequence[Scene]) -> Tally:
    return tally(scenes, [detector.detect(scene.image) for scene in scenes], LEAST_SIDE)
