"""How fast this machine is: `mien bench`.

The way of a frame is timed twice in one run, in turn: with a look at the whole picture in every frame, and
with the longest interval between such looks. A camera's pace would choose an interval from one to the other;
here there is no camera, so the run shows both ends.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.cameras import Camera, open_camera
from edge.classifier import Classifier
from edge.detectors.boxes import iou
from edge.errors import InputError
from edge.finding import Finder, longest_interval
from edge.pipeline import Pipeline
from edge.runtime import runtime_version
from edge.settings import AUTO, Settings
from edge.store.choosing import load_detector, load_model
from edge.tracking import pair
from edge.types import Face, Frame, Image, Observation
from edge.watching import make_detector, set_vision_threads

SAME_FACE = 0.5  # IoU
WARM_UP = 0.1  # of the time to measure
LEAST_SAMPLES = 100  # fewer say nothing about a 99th percentile


@dataclass(frozen=True, slots=True)
class Timing:
    """What a step took: calls a second while it ran, and seconds a call."""

    fps: float
    latency_seconds: dict[str, float]
    samples: int

    @classmethod
    def of(cls, durations: list[float]) -> Timing:
        p50, p90, p99 = np.percentile(durations, (50, 90, 99))
        latency = {"p50": float(p50), "p90": float(p90), "p99": float(p99)}
        return cls(len(durations) / sum(durations), latency, len(durations))


def measure(settings: Settings, seconds: float) -> dict[str, Any]:
    """Time the classifier alone, one face a call, then the whole way of a frame on the demo clip, both ways.

    Each gets half of `seconds`, after a warm-up, and at least 100 calls. Decoding is timed apart.

    Raises:
        MienError: the model, the detector or the clip cannot be loaded.
    """
    threads = set_vision_threads(settings.detector.threads)
    detection = load_detector(settings)
    detector = make_detector(settings.detector, detection)
    bundle = load_model(settings.model)
    classifier = Classifier(bundle, settings.model.threads)
    crops = np.random.default_rng(0).integers(0, 256, (64, 1, classifier.size, classifier.size), np.uint8)
    classify = time_classifier(classifier.classify, crops, seconds / 2)
    chosen = settings.detector.interval
    interval = longest_interval(detector) if chosen == AUTO else int(chosen)
    camera = open_camera(settings.camera.source, loop=True)
    ways = [Way(Pipeline(Finder(detector, interval=n), classifier, fps=camera.fps)) for n in (1, interval)]
    frames = time_frames(camera, ways[0], ways[1], seconds / 2)
    frames["adaptive"]["interval"] = interval
    return {
        "classify": asdict(classify),
        **frames,
        "detector": {
            "name": settings.detector.name,
            "version": detection and detection.manifest.version,
            "longest_side": settings.detector.longest_side,
        },
        "model": {"name": bundle.manifest.name, "version": bundle.manifest.version},
        "quantisation": bundle.manifest.quantisation,
        "runtime": runtime_version(),
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "detector_threads": threads,
            "model_threads": settings.model.threads,
        },
        "versions": {
            "mien": version_of("mien"),
            "python": platform.python_version(),
            "opencv": cv2.__version__,
        },
        "rss_bytes": peak_memory(),
    }


def time_classifier(classify: Callable[[Image], object], crops: Image, seconds: float) -> Timing:
    """Time `classify` on one crop [1, S, S] of `crops` [N, 1, S, S] after another."""
    durations: list[float] = []
    begin = time.perf_counter()
    warm, end = begin + WARM_UP * seconds, begin + (1 + WARM_UP) * seconds
    count = 0
    while (started := time.perf_counter()) < end or len(durations) < LEAST_SAMPLES:
        classify(crops[count % len(crops)])
        count += 1
        if started >= warm:
            durations.append(time.perf_counter() - started)
    return Timing.of(durations)


@dataclass(slots=True)
class Way:
    """One pipeline and what it took: seconds a frame, seconds of it for finding faces, and full looks."""

    pipeline: Pipeline
    process: list[float] = field(default_factory=list)
    detect: list[float] = field(default_factory=list)
    full: int = 0

    def go(self, frame: Frame, measured: bool) -> Observation:
        started = time.perf_counter()
        observation = self.pipeline.process(frame)
        if measured:
            self.process.append(time.perf_counter() - started)
            self.detect.append(observation.detect)
            self.full += observation.look == "full"
        return observation

    def timings(self) -> dict[str, Any]:
        return {"pipeline": asdict(Timing.of(self.process)), "detect": asdict(Timing.of(self.detect))}


def time_frames(camera: Camera, every: Way, adaptive: Way, seconds: float) -> dict[str, Any]:
    """Time both ways and, apart from them, the decoding of a looping camera's frames."""
    decode: list[float] = []
    faces = agreed = 0
    size = (0, 0)
    begin = time.perf_counter()
    warm, end = begin + WARM_UP * seconds, begin + (1 + WARM_UP) * seconds
    while (started := time.perf_counter()) < end or len(decode) < LEAST_SAMPLES:
        frame = camera.read()
        decoded = time.perf_counter()
        if frame is None:
            raise InputError(f"{camera.name} ended while it was measured: give another recording")
        measured = started >= warm
        first, second = every.go(frame, measured), adaptive.go(frame, measured)
        if measured:
            decode.append(decoded - started)
            faces += len(first.faces)
            agreed += same_faces([seen.face for seen in first.faces], [seen.face for seen in second.faces])
            size = frame.image.shape[1], frame.image.shape[0]
    camera.close()
    count = len(decode)
    return {
        **every.timings(),
        "adaptive": {**adaptive.timings(), "full_looks": adaptive.full / count, "agreement": agreed / count},
        "decode": asdict(Timing.of(decode)),
        "clip": {"camera": camera.name, "frame_size": size, "faces_per_frame": faces / count},
    }


def same_faces(one: list[Face], other: list[Face]) -> bool:
    """Whether each face of one has a partner in the other, with boxes that overlap well."""
    if not one or not other:
        return len(one) == len(other)
    overlap = iou(*(np.stack([face.box for face in faces]) for faces in (one, other)))
    return len(pair(np.where(overlap > SAME_FACE, overlap, 0))) == len(one) == len(other)


def peak_memory() -> int:
    """The most memory this process has had resident so far, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu_model() -> str:
    """The processor's name, or the board's on machines whose kernel does not tell."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    board = Path("/proc/device-tree/model")
    return board.read_text().rstrip("\0") if board.is_file() else platform.machine()


def version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
