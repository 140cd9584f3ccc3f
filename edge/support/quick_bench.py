"""The one place where the bundle meets `mien bench`."""

from __future__ import annotations

from typing import Any

from edge.settings import Settings

SECONDS = 3.0


def quick_bench(settings: Settings, seconds: float = SECONDS) -> dict[str, Any]:
    """The figures of a bench of so many seconds on the demo clip.

    Raises:
        MienError: the model or the detector cannot be loaded.
    """
    from edge.bench import measure

    demo = settings.camera.model_copy(update={"source": "demo"})
    return measure(settings.model_copy(update={"camera": demo}), seconds)
