"""mediapipe's face mesh: a face detector and 468 landmarks; it reads no expressions."""

from __future__ import annotations

import itertools
from typing import Any

import cv2
import mediapipe
from lines import Work, serve
from pixels import read_frames


def make(options: dict[str, Any]) -> Work:
    cv2.setNumThreads(1)
    frames = read_frames(options["frames"])
    # As a picture each: with tracking it would find faces seldom, which is mien's other way.
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=4)
    turns = itertools.cycle(range(len(frames)))

    def step() -> Any:
        return mesh.process(cv2.cvtColor(frames[next(turns)], cv2.COLOR_BGR2RGB))

    return Work(step, None, f"mediapipe {mediapipe.__version__}")


if __name__ == "__main__":
    serve(make)
