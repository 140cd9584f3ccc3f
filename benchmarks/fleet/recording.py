"""Observations of the demo clip, recorded by a real run, to be told again by simulated devices."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from edge.labels import LABELS
from edge.types import Expression, Face, Observation, ObservedFace


def record(file: Path, frames: int) -> list[Observation]:
    """Run mien on its demo clip, write its observations to a file, and read them.

    Args:
        frames: how many, at most what the clip holds.
    """
    command = [sys.executable, "-m", "edge.cli", "run", "--camera", "demo", "--no-http", "--no-terminal"]
    command += ["--every-frame", "--no-loop", "--max-frames", str(frames), "--jsonl", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return read(file)


def read(file: Path) -> list[Observation]:
    """The observations of a file of JSON lines."""
    lines = map(json.loads, file.read_text().splitlines())
    return [_observation(line) for line in lines if line["schema"] == "mien.observation/1"]


def now_as(recorded: Observation, number: int) -> Observation:
    """A recorded observation as if it were made now, with a number that shows whether one is missing."""
    return replace(recorded, frame=number, time=datetime.now(UTC))


def _observation(line: dict[str, Any]) -> Observation:
    took = line["latency_seconds"]
    return Observation(
        camera=line["camera"],
        frame=line["frame"],
        time=datetime.fromisoformat(line["time"]),
        capture_to_event=took["capture_to_event"],
        detect=took["detect"],
        classify=took["classify"],
        faces=tuple(map(_face, line["faces"])),
        look=line["look"],
        model=line["model"],
    )


def _face(face: dict[str, Any]) -> ObservedFace:
    landmarks = face["landmarks"]
    probabilities = np.array([face["probabilities"][label] for label in LABELS], np.float32)
    return ObservedFace(
        Face(
            np.array(face["box"], np.float32),
            face["score"],
            None if landmarks is None else np.array(landmarks, np.float32),
            face["mask_state"],
        ),
        Expression(probabilities, face["abstained"]),
        face["track"],
    )
