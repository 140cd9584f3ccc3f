"""What facet is known to find in a few pictures, so that a device can check that its runtime computes alike.

A detector's `golden.npz` holds
    inputs: uint8 [N, H, W, 3] BGR, the pictures,
    counts: int64 [N], faces in each,
and of all faces, picture after picture, M in all
    boxes: float32 [M, 4], xyxy in pixels,
    scores: float32 [M],
    landmarks: float32 [M, 5, 2],
    mask_states: int64 [M], indices into `labels.MASK_STATES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundles import DetectionBundle
from edge.bundles.golden import golden_arrays
from edge.detectors.boxes import iou
from edge.detectors.facet import Facet
from edge.errors import ModelCorruptError
from edge.labels import MASK_STATES
from edge.types import Face, Image

# int8 kernels round differently from processor to processor: a few steps of an output in the end, and now and
# then another one of two cells that see the same face.
BOX = 0.7  # least IoU
SCORE = 0.1  # how far a score may lie off; a face so close to the threshold may also be missing, or be new
LANDMARK = 0.08  # how far a landmark may lie off, in sides of the face
STATES = 0.1  # share of faces whose mask state may differ


@dataclass(frozen=True, slots=True)
class Comparison:
    """Faces as they should be against faces as they are. `faults` says in words what differs too much."""

    faces: int
    score: float
    landmark: float
    faults: tuple[str, ...]

    def __str__(self) -> str:
        differences = f"largest differences: score {self.score:.3f}, landmark {self.landmark:.3f} of a face"
        return f"{self.faces} faces; " + ("; ".join(self.faults) or differences)


def golden_outputs(bundle: DetectionBundle, inputs: Image) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a `golden.npz`: what the device's own detector finds.

    The converter first writes a bundle without golden.npz and loads it, then does
    `numpy.savez_compressed(bundle.golden, **golden_outputs(bundle, inputs))`, and last writes the manifest
    again with that file's sha256.

    Args:
        bundle: a verified bundle.
        inputs: uint8 [N, H, W, 3] BGR. They are looked at in their own size, so that resizing, which differs
            between versions of OpenCV, has no part in the outcome.
    """
    pictures = _find(bundle, inputs)
    faces = [face for found in pictures for face in found]
    return {
        "inputs": inputs,
        "counts": np.array([len(found) for found in pictures], np.int64),
        "boxes": np.array([face.box for face in faces], np.float32).reshape(-1, 4),
        "scores": np.array([face.score for face in faces], np.float32),
        "landmarks": np.array([face.landmarks for face in faces], np.float32).reshape(-1, 5, 2),
        "mask_states": np.array([MASK_STATES.index(face.mask_state or "") for face in faces], np.int64),
    }


def compare_golden(bundle: DetectionBundle, golden: Mapping[str, npt.NDArray[Any]]) -> Comparison:
    """Find the faces of a `golden.npz` again on this machine.

    Raises:
        KeyError, ValueError, IndexError: the arrays are not those of a detector's golden.npz.
    """
    expected = _stored(golden)
    return compare(expected, _find(bundle, golden["inputs"]), bundle.manifest.threshold)


def check_golden(bundle: DetectionBundle) -> None:
    """Let a detector find the faces of its golden pictures.

    Raises:
        ModelCorruptError: it cannot be run, its golden.npz is damaged, or it finds others than it should.
    """
    with golden_arrays(bundle) as golden:
        comparison = compare_golden(bundle, golden)
    if comparison.faults:
        raise ModelCorruptError(
            f"{bundle.path} answers its golden pictures wrongly ({comparison}): install another version"
        )


def compare(
    expected: Sequence[Sequence[Face]], found: Sequence[Sequence[Face]], threshold: float
) -> Comparison:
    """Compare the faces of some pictures, each given as its faces, the surest first."""
    pairs: list[tuple[Face, Face]] = []
    faults: list[str] = []
    for number, (wanted, there) in enumerate(zip(expected, found, strict=True)):
        left = list(there)
        for face in wanted:
            partner = _partner(face, left)
            if partner is not None:
                left.remove(partner)
                pairs.append((face, partner))
            elif face.score >= threshold + SCORE:
                faults.append(f"picture {number}: a face of score {face.score:.2f} is missing")
        faults += [
            f"picture {number}: a face of score {face.score:.2f} where there is none"
            for face in left
            if face.score >= threshold + SCORE
        ]
    score = max((abs(a.score - b.score) for a, b in pairs), default=0.0)
    landmark = max((_apart(a, b) for a, b in pairs), default=0.0)
    states = sum(a.mask_state != b.mask_state for a, b in pairs)
    if score > SCORE:
        faults.append(f"a score differs by {score:.2f}")
    if landmark > LANDMARK:
        faults.append(f"a landmark differs by {landmark:.2f} of a face")
    if states > max(1, STATES * len(pairs)):
        faults.append(f"{states} mask states differ")
    return Comparison(sum(map(len, expected)), score, landmark, tuple(faults))


def _find(bundle: DetectionBundle, inputs: Image) -> list[list[Face]]:
    detector = Facet(bundle, longest_side=max(inputs.shape[1:3]))
    return [detector.detect(picture) for picture in inputs]


def _stored(golden: Mapping[str, npt.NDArray[Any]]) -> list[list[Face]]:
    faces = [
        Face(box, float(score), landmarks, MASK_STATES[int(state)])
        for box, score, landmarks, state in zip(
            golden["boxes"], golden["scores"], golden["landmarks"], golden["mask_states"], strict=True
        )
    ]
    ends = np.cumsum(golden["counts"])
    return [faces[end - count : end] for end, count in zip(ends, golden["counts"], strict=True)]


def _partner(face: Face, others: Sequence[Face]) -> Face | None:
    """The one of `others` that is the same face."""
    if not others:
        return None
    overlaps = iou(face.box[np.newaxis], np.stack([other.box for other in others]))[0]
    return others[int(overlaps.argmax())] if overlaps.max() >= BOX else None


def _apart(a: Face, b: Face) -> float:
    """Largest distance between two faces' landmarks, in sides of the first's box."""
    if a.landmarks is None or b.landmarks is None:
        return 0.0 if a.landmarks is b.landmarks else 1.0
    side = max(float((a.box[2:] - a.box[:2]).max()), 1.0)
    return float(np.linalg.norm(a.landmarks - b.landmarks, axis=1).max()) / side
