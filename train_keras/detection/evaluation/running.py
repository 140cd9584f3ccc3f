"""Runs every detector over the same pictures, and times them against each other."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from edge.detectors import Detector
from edge.types import Face, Floats, Image
from train_keras.detection.evaluation.peers import Contender
from train_keras.detection.evaluation.scenes import FRAME, Scene, pad
from train_keras.detection.evaluation.scores import boxes_of
from train_keras.occlusion.masked import Progress, quiet

Found = dict[str, list[list[Face]]]
WARM_UPS = 3
BARE = (320, 256)  # what YuNet and CenterFace make of a frame of 640 x 480: 320 x 240, in steps of 32


def collect(detectors: Mapping[str, Detector], scenes: Sequence[Scene], progress: Progress = quiet) -> Found:
    """What each detector sees: by name, for each scene the faces, the surest first."""
    found: Found = {name: [] for name in detectors}
    for scene in progress(scenes, len(scenes), "detecting"):
        for name, detector in detectors.items():
            found[name].append(sorted(detector.detect(scene.image), key=lambda face: -face.score))
    return found


def witnesses(contenders: Sequence[Contender], found: Found, family: str) -> list[Floats]:
    """For each scene the boxes float32 [M, 4] that may confirm false boxes of a family."""
    others = [c for c in contenders if c.witness and c.family != family]
    count = len(next(iter(found.values())))
    return [
        np.concatenate(
            [np.zeros((0, 4), np.float32)]
            + [boxes_of([f for f in found[c.name][i] if f.score >= c.threshold]) for c in others]
        )
        for i in range(count)
    ]


def time_all(
    contenders: Sequence[Contender], scenes: Sequence[Scene], progress: Progress = quiet
) -> dict[str, dict[str, Floats]]:
    """Milliseconds of each `detect` call, at each detector's own threshold and on one thread.

    All detectors take turns on the same picture, each time another one first, so that what else the machine
    does meets all alike; it still makes the slower ones wait more often, which processor time leaves out.

    Returns:
        "frame": on 640 x 480, the detector's own shrinking included; "bare": on 320 x 256, with nothing to
        shrink, for those that look at 320 pixels. By name, float32 [pictures, 2]: by the clock, and of
        processor time.
    """
    detectors = {contender.name: contender.make(contender.threshold) for contender in contenders}
    at_320 = {c.name: detectors[c.name] for c in contenders if c.side == BARE[0]}
    frames = [pad(scene.image, FRAME) for scene in scenes]
    jobs = [("frame", detectors, frames), ("bare", at_320, [_bare(frame) for frame in frames])]
    return {kind: _time(who, images, progress, f"timing ({kind})") for kind, who, images in jobs}


def _bare(frame: Image) -> Image:
    small = cv2.resize(frame, (BARE[0], BARE[0] * FRAME[1] // FRAME[0]), interpolation=cv2.INTER_AREA)
    return pad(np.asarray(small, np.uint8), BARE)


def _time(
    detectors: Mapping[str, Detector], images: Sequence[Image], progress: Progress, title: str
) -> dict[str, Floats]:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in detectors}
    for detector in detectors.values():
        for image in images[:WARM_UPS]:
            detector.detect(image)
    turns = list(detectors.items())
    for number, image in enumerate(progress(images, len(images), title)):
        first = number % max(1, len(turns))
        for name, detector in turns[first:] + turns[:first]:
            started, worked = time.perf_counter(), time.process_time()
            detector.detect(image)
            passed = time.perf_counter() - started, time.process_time() - worked
            times[name].append((1000 * passed[0], 1000 * passed[1]))
    return {name: np.array(values, np.float32) for name, values in times.items()}
