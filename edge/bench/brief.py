"""What a newcomer asks of a machine: the model, the way of a frame, and the start, in a few seconds."""

from __future__ import annotations

from edge.bench.agreement import agreement
from edge.bench.classify import measure_classify
from edge.bench.context import Context
from edge.bench.document import Result, Start
from edge.bench.pipeline import measure_pipeline
from edge.bench.start import measure_start
from edge.bench.stretch import FEWEST_CALLS
from edge.cameras import is_recording
from edge.store.choosing import chosen_detector, chosen_model

FIGURES = 3


def measure_brief(context: Context, seconds: float) -> tuple[list[Result], Start]:
    """Half of the time for the model, a quarter for each way of a frame; 100 calls of each at least.

    Raises:
        MienError: a model, the detector or the camera cannot be opened, or the camera ends.
    """
    settings = context.settings
    model, folder = str(chosen_model(settings.model)), chosen_detector(settings)
    detector = settings.detector.name if folder is None else f"facet:{folder}"
    start = measure_start(["--model", model, "--detector", detector])
    classify = measure_classify(context.planned(seconds / 2, FEWEST_CALLS))
    every, seldom = measure_pipeline(context.planned(seconds / 4, FEWEST_CALLS), realtime=False)
    if is_recording(settings.camera.source):
        seldom = seldom.model_copy(update={"agreement": agreement(settings)})
    return [classify, every, seldom], start
