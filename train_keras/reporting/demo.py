"""Faces that may be published: the shipped clip's, bare in its first half and masked in its second."""

from __future__ import annotations

import numpy as np

from edge.alignment import crop_face
from edge.cameras.demo import DemoCamera
from edge.detectors import open_detector
from edge.types import Image

_EVERY = 4  # frames


def demo_faces(bare: int = 3, masked: int = 3) -> Image:
    """Face crops of the demo clip, uint8 [bare + masked, S, S], the bare ones first.

    They are found and framed as on the device, and lie as far apart in the clip as they can.
    """
    detector, camera = open_detector("facet"), DemoCamera()
    crops: dict[bool, list[Image]] = {False: [], True: []}
    for number, frame in enumerate(iter(camera.read, None)):
        if frame is None or number % _EVERY:
            continue
        for face in detector.detect(frame.image)[:1]:
            if face.mask_state in ("mask", "no_mask"):
                crops[face.mask_state == "mask"].append(crop_face(frame.image, face))
    return np.concatenate([_spread(crops[False], bare), _spread(crops[True], masked)])


def _spread(crops: list[Image], count: int) -> Image:
    if len(crops) < count:
        raise ValueError(f"the demo clip shows {len(crops)} such faces, {count} were asked for")
    return np.array(crops)[np.linspace(0, len(crops) - 1, count).round().astype(int)]
