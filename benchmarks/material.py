"""What is looked at: the demo clip's frames in the slim CNN paper's 640x480, and its faces."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from edge.alignment import CropGeometry, crop_face
from edge.cameras.demo import DemoCamera
from edge.classifier import Classifier
from edge.detectors import Detector, SizedDetector
from edge.finding import Finder, longest_interval
from edge.pipeline import Pipeline
from edge.types import Frame, Image, Observation

SIZE = (640, 480)
APART = 8  # frames from one face to the next


def demo_frames(size: tuple[int, int] = SIZE, most: int | None = None) -> tuple[list[Image], float]:
    """The demo clip's first frames, uint8 [H, W, 3], and its frames a second.

    A frame of another shape keeps its proportions, between black bars.

    Args:
        size: width and height in pixels.
        most: frames; None for all.
    """
    with contextlib.closing(DemoCamera()) as camera:
        read = itertools.islice(iter(camera.read, None), most)
        return [letterbox(frame.image, size) for frame in read if frame is not None], camera.fps


def letterbox(image: Image, size: tuple[int, int]) -> Image:
    """The picture within width x height pixels, between black bars: uint8 [height, width, 3]."""
    height, width = image.shape[:2]
    zoom = min(size[0] / width, size[1] / height)
    inner = round(width * zoom), round(height * zoom)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    kind = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=kind)
    return canvas


def faces_in(images: Sequence[Image], detector: Detector, geometry: CropGeometry) -> Image:
    """Crops of the surest face in some of the frames: uint8 [N, S, S]."""
    found = [(image, detector.detect(image)) for image in images[::APART]]
    return np.stack([crop_face(image, faces[0], geometry) for image, faces in found if faces])


def make_pipeline(classifier: Classifier, detector: SizedDetector, fps: float, adaptive: bool) -> Pipeline:
    """The device's pipeline for a recording: with a look at the whole picture in each frame, or with few."""
    interval = longest_interval(detector) if adaptive else 1
    return Pipeline(Finder(detector, interval=interval), classifier, fps=fps)


def stepping(pipeline: Pipeline, images: Sequence[Image]) -> Callable[[], Observation]:
    """Takes the pipeline one frame on, through the images over and over."""
    numbers = itertools.count()

    def step() -> Observation:
        number = next(numbers)
        frame = Frame(images[number % len(images)], number, time.monotonic(), "demo")
        return pipeline.process(frame)

    return step
