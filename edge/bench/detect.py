"""The face detector alone: one whole picture after another."""

from __future__ import annotations

import contextlib
import itertools

from edge.bench.context import Context
from edge.bench.document import Cold, Pictures, Result
from edge.bench.frames import Frames
from edge.bench.stretch import CALL, stretch
from edge.bench.subjects import detector_of, ready_detector, timed
from edge.types import Image

PICTURES = 32  # kept in memory, so that decoding is no part of it
APART = 8  # frames from one to the next
NAME = "detect"


def measure_detect(context: Context, name: str = NAME) -> Result:
    """Time a look at the whole picture, the next when the last is done.

    Raises:
        MienError: the detector or the camera cannot be opened, or the camera ends.
    """
    config = context.settings.detector
    camera, images = take_pictures(context)
    height, width = images[0].shape[:2]
    detector, load = ready_detector(context.settings)
    _, first = timed(lambda: detector.detect(images[0]))
    faces = sum(len(detector.detect(image)) for image in images) / len(images)
    turns = itertools.cycle(images)
    measured = stretch(
        name,
        lambda: {CALL: timed(lambda: detector.detect(next(turns)))[1]},
        context.plan,
        context.report,
    )
    return Result(
        name=name,
        kind="detect",
        detector=detector_of(detector, config),
        longest_side=config.longest_side,
        pictures=Pictures(camera=camera, paced=False, width=width, height=height, faces_per_frame=faces),
        cold=Cold(load_seconds=load, first_call_seconds=first),
        **context.outcome(measured),
    )


def take_pictures(context: Context) -> tuple[str, list[Image]]:
    """The camera's name, and some of its pictures, uint8 [H, W, 3] each."""
    with contextlib.closing(Frames(context.settings.camera, realtime=False)) as frames:
        endless = iter(frames.next, None)
        taken = itertools.islice(endless, 0, PICTURES * APART, APART)
        return frames.source.name, [frame.image for frame in taken if frame is not None]
