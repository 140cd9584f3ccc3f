"""deepface: OpenCV's cascade finds the faces, its network reads them."""

from __future__ import annotations

import importlib.metadata
import itertools
from typing import Any

from deepface import DeepFace
from lines import Work, serve
from pixels import read_frames


def make(options: dict[str, Any]) -> Work:
    frames = read_frames(options["frames"])
    turns = itertools.cycle(range(len(frames)))

    def step() -> Any:
        return DeepFace.analyze(
            frames[next(turns)].copy(),
            actions=["emotion"],
            detector_backend="opencv",
            enforce_detection=False,
            silent=True,
        )

    return Work(step, None, f"deepface {importlib.metadata.version('deepface')}")


if __name__ == "__main__":
    serve(make)
