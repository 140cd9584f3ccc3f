"""Ways of following faces between two full looks, measured against a full look in every frame.

    python benchmarks/tracking.py [--detector facet] [--interval 12] [CLIP …]

A clip is a video, or a photograph, over which a fast camera then pans and zooms. The tables go into
docs/tracking.md, which says what was chosen. The ways that were not chosen live here.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import edge.finding
from edge.bench.agreement import same_faces
from edge.cameras import IMAGE_SUFFIXES
from edge.cameras.demo import CLIP
from edge.cameras.file import FileCamera
from edge.cameras.folder import read_image
from edge.detectors import SizedDetector, open_detector
from edge.detectors.boxes import iou
from edge.finding import Finder, Sighting, overlap
from edge.tracking import Track, pair
from edge.types import Face, Floats, Frame, Image
from train_keras.results import write_section

FPS = 24.0
SIZE = 640, 360  # of the pan over a photograph, in pixels
GRID = 4, 3  # tiles of a crowd
TILE = 320, 240
CROWDS = 1, 3, 10
SHIPPED = {name: getattr(edge.finding, name) for name in ("SIZE", "AROUND", "MOST_REGIONS")}
GRIP = np.stack(np.meshgrid(np.linspace(0.2, 0.8, 4), np.linspace(0.2, 0.8, 4)), axis=2).reshape(-1, 2)


class WholeOnly:
    """A detector that cannot look at regions."""

    def __init__(self, detector: SizedDetector) -> None:
        self.name, self.detect, self.longest_side = detector.name, detector.detect, detector.longest_side


class Flow(Finder):
    """Follows faces by sparse optical flow (Lucas and Kanade's) on a small grey picture."""

    def __init__(self, detector: SizedDetector, interval: int) -> None:
        super().__init__(WholeOnly(detector), interval=interval)
        self._before = self._grey = np.zeros((1, 1), np.uint8)

    def find(self, frame: Frame, now: float) -> Sighting:
        self._scale = 320 / max(frame.image.shape)
        small = cv2.resize(frame.image, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
        self._before, self._grey = self._grey, np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        return super().find(frame, now)

    def _move_on(self, _: Image, tracks: list[Track], now: float) -> Sighting | None:
        known = [track for track in tracks if track.seen == self._looked]
        faces = [self._carried(track.face) for track in known]
        found = [face for face in faces if face is not None]
        if len(found) < len(faces):
            return None
        for track, face in zip(known, found, strict=True):
            track.see(face, now)
        self._looked = now
        return Sighting(found, [track.number for track in known], "motion")

    def _carried(self, face: Face) -> Face | None:
        """The face moved, turned and scaled as most points on it; None where they got lost."""
        assert face.landmarks is not None
        points = np.concatenate([face.box[:2] + GRIP * (face.box[2:] - face.box[:2]), face.landmarks])
        points = (points * self._scale).astype(np.float32)
        went, followed, _ = cv2.calcOpticalFlowPyrLK(
            self._before, self._grey, points, np.zeros_like(points), winSize=(15, 15), maxLevel=3
        )
        good = followed[:, 0] > 0
        if good.sum() < 6:
            return None
        matrix, _ = cv2.estimateAffinePartial2D(points[good], went[good], method=cv2.LMEDS)
        if matrix is None:
            return None
        linear, shift = matrix[:, :2], matrix[:, 2] / self._scale
        scale = float(np.hypot(linear[0, 0], linear[1, 0]))
        if not 0.7 < scale < 1.4:
            return None
        centre, half = (face.box[:2] + face.box[2:]) / 2, scale * (face.box[2:] - face.box[:2]) / 2
        moved = linear @ centre + shift
        box = np.concatenate([moved - half, moved + half]).astype(np.float32)
        landmarks = (face.landmarks @ linear.T + shift).astype(np.float32)
        return Face(box, face.score, landmarks, face.mask_state)


class Regions(Finder):
    """The chosen way, with other regions."""

    def __init__(self, detector: SizedDetector, interval: int, choice: Mapping[str, Any]) -> None:
        super().__init__(detector, interval=interval)
        self._choice = choice

    def find(self, frame: Frame, now: float) -> Sighting:
        for name, value in self._choice.items():
            setattr(edge.finding, name, value)
        return super().find(frame, now)


@dataclass
class Way:
    """A finder and what it made of a clip: each frame's faces, how it looked, and the seconds it took."""

    name: str
    finder: Finder
    faces: list[list[Face]] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def watch(self, frame: Frame, now: float) -> None:
        started = time.thread_time()  # of the processor: a busy machine tells nearly the same
        sighting = self.finder.find(frame, now)
        self.seconds.append(time.thread_time() - started)
        self.faces.append(sighting.faces)
        self.looks.append(sighting.look)


def ways_of(detector: SizedDetector, interval: int) -> list[Way]:
    """A full look in every frame, then the ways to compare with it."""
    ways = [
        Way("full look in every frame", Finder(detector)),
        Way("motion model", Finder(WholeOnly(detector), interval=interval)),
        Way("optical flow", Flow(detector, interval)),
        Way("as the device does", Regions(detector, interval, SHIPPED)),
    ]
    for side, around in ((64, 2.0), *itertools.product((96, 128), (1.7, 2.0, 2.3))):
        choice = {"SIZE": (side, side), "AROUND": around, "MOST_REGIONS": 99}
        ways.append(Way(f"region of {side}, {around} x the face", Regions(detector, interval, choice)))
    return ways


def watch(ways: Sequence[Way], frames: Sequence[Image], fps: float) -> None:
    """Show every frame to all ways in turn, so that a busy machine treats them alike."""
    for number, image in enumerate(frames):
        frame = Frame(image, number, number / fps, "clip")
        for way in ways:
            way.watch(frame, number / fps)


def agreement(way: Way, reference: Way) -> tuple[float, float, float]:
    """Share of frames with the same faces, mean IoU of the boxes that belong together, and how far their
    landmarks lie apart, in distances of the eyes."""
    pairs = list(zip(way.faces, reference.faces, strict=True))
    partners = [couple for one, other in pairs for couple in paired(one, other)]
    overlaps = [overlap(one, other.box) for one, other in partners]
    apart = [
        np.linalg.norm(one.landmarks - other.landmarks, axis=1).mean()
        / max(float(np.linalg.norm(other.landmarks[1] - other.landmarks[0])), 1.0)
        for one, other in partners
        if one.landmarks is not None and other.landmarks is not None
    ]
    same = [same_faces(one, other) for one, other in pairs]
    return float(np.mean(same)), mean(overlaps), mean(apart)


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def paired(one: list[Face], other: list[Face]) -> list[tuple[Face, Face]]:
    """Faces of two looks at one frame that overlap, the best first."""
    if not one or not other:
        return []
    overlaps: Floats = iou(*(np.stack([face.box for face in faces]) for faces in (one, other)))
    return [(one[row], other[column]) for row, column in pair(overlaps)]


def frames_of(path: Path) -> tuple[list[Image], float]:
    """A video's frames and their rate, or those of a pan over a photograph."""
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return list(pan(read_image(path))), FPS
    camera = FileCamera(path)
    return [frame.image for frame in iter(camera.read, None)], camera.fps


def pan(photo: Image, count: int = 300) -> Iterator[Image]:
    """A fast camera over a photograph: up to 40 pixels a frame, zoom 0.8 to 1.7."""
    height, width = photo.shape[:2]
    for number in range(count):
        seconds = number / FPS
        zoom = 1.25 + 0.45 * np.sin(1.9 * seconds)
        room = width - SIZE[0] / zoom, height - SIZE[1] / zoom
        x = width / 2 + room[0] / 2 * np.sin(2.6 * seconds)
        y = height / 2 + room[1] / 2 * np.sin(1.7 * seconds + 1)
        matrix = np.array([[zoom, 0, SIZE[0] / 2 - zoom * x], [0, zoom, SIZE[1] / 2 - zoom * y]])
        yield np.asarray(cv2.warpAffine(photo, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def crowd(faces: int) -> Iterator[Image]:
    """The demo clip as so many tiles of a larger picture, each at another moment."""
    clip = frames_of(CLIP)[0][::2]
    for number in range(len(clip)):
        canvas = np.full((GRID[1] * TILE[1], GRID[0] * TILE[0], 3), 90, np.uint8)
        for tile in range(faces):
            small = cv2.resize(clip[(number + 37 * tile) % len(clip)], (TILE[0], TILE[0] * 9 // 16))
            top, left = tile // GRID[0] * TILE[1], tile % GRID[0] * TILE[0]
            canvas[top : top + small.shape[0], left : left + TILE[0]] = small
        yield canvas


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="*", type=Path, default=[CLIP])
    parser.add_argument("--detector", default="facet")
    parser.add_argument("--longest-side", type=int, default=320)
    parser.add_argument("--interval", type=int, default=12)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    detector = open_detector(chosen.detector, chosen.longest_side)

    body = [_HEAD.format(interval=chosen.interval)]
    for path in chosen.clips:
        frames, fps = frames_of(path)
        ways = ways_of(detector, chosen.interval)
        watch(ways, frames, fps)
        faces = mean([len(found) for found in ways[0].faces])
        head = ["", "full looks", "frames that agree", "mean IoU", "landmarks apart"]
        body += [f"{path.name}, {len(frames)} frames, {faces:.2f} faces each:"]
        body += [table(head, [row(way, ways[0]) for way in ways])]
    times = zip(*(times_in(crowd(faces), detector, chosen.interval) for faces in CROWDS), strict=True)
    names = [way.name for way in ways_of(detector, chosen.interval)]
    head = ["", *(f"{faces} face{'s' if faces > 1 else ''}" for faces in CROWDS)]
    body += ["Processor time of a frame between two full looks, milliseconds, median, 1280x720:"]
    body += [table(head, [[name, *each] for name, each in zip(names, times, strict=True)])]
    command = " ".join(["python benchmarks/tracking.py", *(path.name for path in chosen.clips)])
    write_section("ways", "Ways", command, "\n\n".join(body), Path("docs/tracking.md"))


_HEAD = """A full look every {interval} frames and every way between them, against a full look in every frame.
Frames agree when they show as many faces, each with a partner at IoU > 0.5. Landmarks apart: mean distance
from the full look's, in distances of the eyes. A face that a way lost makes a look full. All rows of
regions but the device's own are without its limit on the number of faces."""


def row(way: Way, reference: Way) -> list[str]:
    same, overlaps, apart = agreement(way, reference)
    full = way.looks.count("full") / len(way.looks)
    return [way.name, f"{full:.0%}", f"{same:.1%}", f"{overlaps:.3f}", f"{apart:.3f}"]


def times_in(frames: Iterator[Image], detector: SizedDetector, interval: int) -> list[str]:
    """What each way takes between two full looks; for the first one, which does nothing else, a full look."""
    ways, pictures = ways_of(detector, interval), list(frames)
    for way in ways:  # one after another: in turn they would find each other's data in the caches
        watch([way], pictures, FPS)
    chosen = [
        [spent for spent, look in zip(way.seconds, way.looks, strict=True) if look != "full"] or way.seconds
        for way in ways
    ]
    return [f"{1000 * np.median(seconds):.2f}" for seconds in chosen]


if __name__ == "__main__":
    main()
