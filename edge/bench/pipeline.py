"""The whole way of a frame, from its capture to its observation."""

from __future__ import annotations

import contextlib
import time
from array import array
from collections import Counter

from edge.bench.context import Context
from edge.bench.document import Cold, Pictures, Result
from edge.bench.frames import Frames
from edge.bench.stretch import CALL, stretch
from edge.bench.subjects import detector_of, load_classifier, model_of, ready_detector
from edge.finding import Finder, longest_interval
from edge.pipeline import Pipeline
from edge.settings import AUTO
from edge.smoothing import MaskVote, Smoother
from edge.tracking import Tracker
from edge.turns import MOST, Turns
from edge.types import Observation

EVERY, SELDOM = "pipeline, every frame", "pipeline, adaptive"


class Way:
    """One pipeline and its frames; each `step` takes one frame from one to the other."""

    def __init__(self, pipeline: Pipeline, frames: Frames) -> None:
        self._pipeline, self._frames = pipeline, frames
        self.faces = array("i")
        self.looks: list[str] = []
        self.size = (0, 0)

    def step(self) -> dict[str, float]:
        """Seconds of the next frame's stages. `queue` is from its capture to the pipeline."""
        asked = time.perf_counter()
        frame = self._frames.next()
        begun = time.monotonic()
        started = time.perf_counter()
        seen: Observation = self._pipeline.process(frame)
        took = time.perf_counter() - started
        self.faces.append(len(seen.faces))
        self.looks.append(seen.look)
        self.size = frame.image.shape[1], frame.image.shape[0]
        # At its own pace a frame waits for the pipeline; else the pipeline waits for its decoding.
        paced = self._frames.paced
        before = {"queue": begun - frame.captured} if paced else {"decode": started - asked}
        return {
            CALL: took,
            **before,
            "detect": seen.detect,
            "classify": seen.classify,
            "rest": max(0.0, took - seen.detect - seen.classify),
            "capture_to_event": seen.capture_to_event,
        }


def measure_pipeline(context: Context, realtime: bool) -> list[Result]:
    """Time frames with a look at the whole picture in each, then with as few looks as mien takes.

    Where a camera sets the pace, "as few" is what that pace asks for; else it is the longest interval.

    Args:
        realtime: play a recording at its own pace.
    Raises:
        MienError: a model, the detector or the camera cannot be opened, or the camera ends.
    """
    chosen = context.settings.detector.interval
    seldom = chosen if chosen == AUTO else int(chosen)
    return [
        measure_way(context, EVERY, 1, realtime),
        measure_way(context, SELDOM, seldom, realtime),
    ]


def measure_way(context: Context, name: str, interval: int | str, realtime: bool) -> Result:
    """Time frames with one interval between looks at the whole picture; "auto" as in `measure_pipeline`."""
    settings = context.settings
    calm = settings.smoothing
    detector, detector_load = ready_detector(settings)
    classifier, classifier_load = load_classifier(settings.model)
    with contextlib.closing(Frames(settings.camera, realtime)) as frames:
        if interval == AUTO and not frames.paced:
            interval = longest_interval(detector)
        pipeline = Pipeline(
            Finder(detector, Tracker(calm.survive), None if interval == AUTO else int(interval)),
            classifier,
            Smoother(calm.time_constant),
            MaskVote(calm.mask_time_constant),
            Turns(MOST if settings.model.faces is None else settings.model.faces),
            frames.source.fps,
        )
        way = Way(pipeline, frames)
        first = way.step()[CALL]
        measured = stretch(name, way.step, context.plan, context.report)
        camera, overtaken = frames.source.name, frames.source.overtaken
    calls = measured.timing.calls
    counts = Counter(way.looks[-calls:])
    width, height = way.size
    return Result(
        name=name,
        kind="pipeline",
        model=model_of(classifier.bundle),
        detector=detector_of(detector, settings.detector),
        longest_side=settings.detector.longest_side,
        interval="auto" if interval == AUTO else int(interval),
        model_threads=settings.model.threads,
        pictures=Pictures(
            camera=camera,
            paced=frames.paced,
            width=width,
            height=height,
            faces_per_frame=sum(way.faces[-calls:]) / calls,
        ),
        cold=Cold(load_seconds=detector_load + classifier_load, first_call_seconds=first),
        looks={look: count / calls for look, count in counts.items()},
        overtaken=overtaken if frames.paced else None,
        **context.outcome(measured, frames.paced),
    )
