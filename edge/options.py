"""Flags that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Source = Annotated[
    str | None, typer.Option("--camera", help="demo, a camera's number, a video, an image or a folder.")
]
DetectorName = Annotated[
    str | None,
    typer.Option("--detector", help="facet, facet:FOLDER, hog, yunet:FILE.onnx or centerface:FILE.onnx."),
]
ModelName = Annotated[
    str | None, typer.Option("--model", help="An installed or shipped model's name, or a bundle's folder.")
]
Interval = Annotated[
    str | None,
    typer.Option(metavar="N|auto", help="A look at the whole picture every N frames, by the time there is."),
]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads of OpenCV and of the model's runtime.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Read this file instead of those in /etc/mien.")
]


def shared_flags(detector: str | None, model: str | None, threads: int | None) -> dict[str, Any]:
    """The configuration's keys that these flags set; None leaves a key alone."""
    return {
        "detector.name": detector,
        "detector.threads": threads,
        "model.name": model,
        "model.threads": threads,
    }
