"""The one place where the bundle meets `mien bench`."""

from __future__ import annotations

from typing import Any

from edge.settings import Settings

SECONDS = 3.0


def quick_bench(settings: Settings, seconds: float = SECONDS) -> dict[str, Any]:
    """What `mien bench` says of the model and of the whole way of a frame, on the demo clip.

    Args:
        seconds: all figures together; 100 calls of each at least.
    Raises:
        MienError: the model or the detector cannot be loaded.
    """
    from edge.bench.classify import measure_classify
    from edge.bench.context import begin
    from edge.bench.pipeline import measure_pipeline
    from edge.bench.stretch import FEWEST_CALLS, Plan

    demo = settings.camera.model_copy(update={"source": "demo"})
    context = begin(
        settings.model_copy(update={"camera": demo}), Plan(seconds / 3, FEWEST_CALLS), lambda *_: None
    )
    results = [measure_classify(context), *measure_pipeline(context, realtime=False)]
    return context.document("bench", results, None).model_dump(mode="json")
