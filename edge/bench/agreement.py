"""Whether looking seldom finds what looking always finds."""

from __future__ import annotations

import contextlib

import numpy as np

from edge.bench.frames import Frames
from edge.detectors.boxes import iou
from edge.finding import Finder, longest_interval
from edge.settings import AUTO, Settings
from edge.store.choosing import load_detector
from edge.tracking import pair
from edge.types import Face, Frame
from edge.watching import make_detector

SAME_FACE = 0.5  # IoU
FRAMES = 100


def agreement(settings: Settings) -> float:
    """The share of a recording's first frames that show the same faces with a look in each and with few.

    Raises what opening the detector and the recording raises.
    """
    detector = make_detector(settings.detector, load_detector(settings))
    chosen = settings.detector.interval
    every, seldom = (
        Finder(detector),
        Finder(detector, interval=longest_interval(detector) if chosen == AUTO else int(chosen)),
    )
    agreed = 0
    with contextlib.closing(Frames(settings.camera, realtime=False)) as frames:
        fps = frames.source.fps or 1.0
        for _ in range(FRAMES):
            frame: Frame = frames.next()
            now = frame.sequence / fps
            agreed += same_faces(every.find(frame, now).faces, seldom.find(frame, now).faces)
    return agreed / FRAMES


def same_faces(one: list[Face], other: list[Face]) -> bool:
    """Whether each face of one has a partner in the other, with boxes that overlap well."""
    if not one or not other:
        return len(one) == len(other)
    overlap = iou(*(np.stack([face.box for face in faces]) for faces in (one, other)))
    return len(pair(np.where(overlap > SAME_FACE, overlap, 0))) == len(one) == len(other)
