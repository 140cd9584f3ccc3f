"""Puts a mask on the face of a video, from a given moment on: how the demo clip was made."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.alignment import to_grey
from edge.errors import DependencyError, NotAPictureError
from edge.types import Floats, Image
from train_keras.occlusion import landmarks
from train_keras.occlusion.masked import Progress, quiet
from train_keras.occlusion.masks import Kind, draw_mask
from train_keras.occlusion.painter import paint_mask

SMOOTHING = 1.6  # frames: standard deviation of the Gaussian that steadies the landmarks


def mask_clip(
    source: Path, target: Path, *, start: float, kind: Kind, seed: int, progress: Progress = quiet
) -> None:
    """Copy a video with one face; from `start` (share of its length) on, the face wears a mask.

    Raises:
        NotAPictureError: the source holds no video, or no face in its masked part.
        DependencyError: ffmpeg is not installed.
    """
    frames, fps = _read(source)
    first = round(start * len(frames))
    points = _steady(_follow(progress(frames[first:], len(frames) - first, "following the face"), source))
    mask = draw_mask(np.random.default_rng(seed), kind, below_nose=False)
    masked = (paint_mask(frame, marks, mask)[0] for frame, marks in zip(frames[first:], points, strict=True))
    _write(target, _chain(frames[:first], masked), frames[0].shape, fps)


def _read(source: Path) -> tuple[list[Image], float]:
    video = cv2.VideoCapture(str(source))
    frames = []
    while True:
        more, frame = video.read()
        if not more:
            break
        frames.append(np.asarray(frame, np.uint8))
    if not frames:
        raise NotAPictureError(f"{source} holds no video")
    return frames, float(video.get(cv2.CAP_PROP_FPS))


def _follow(frames: Iterable[Image], source: Path) -> Floats:
    """Landmarks of the largest face in every frame, float32 [N, 68, 2]; gaps are interpolated."""
    rows = []
    for frame in frames:
        found = landmarks.in_picture(to_grey(frame))
        rows.append(found[0] if len(found) else np.full((68, 2), np.nan, np.float32))
    points = np.array(rows)
    seen = np.flatnonzero(np.isfinite(points[:, 0, 0]))
    if not len(seen):
        raise NotAPictureError(f"{source} shows no face that dlib can follow")
    everywhere = np.arange(len(points))
    columns = [np.interp(everywhere, seen, column[seen]) for column in points.reshape(len(points), -1).T]
    return np.array(columns, np.float32).T.reshape(-1, 68, 2)


def _steady(points: Floats) -> Floats:
    """Gaussian smoothing over time, so that the mask does not tremble."""
    flat = points.reshape(len(points), -1)
    smooth = cv2.GaussianBlur(flat, (1, 0), sigmaX=0.01, sigmaY=SMOOTHING, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.float32).reshape(points.shape)


def _chain(bare: list[Image], masked: Iterable[Image]) -> Iterator[Image]:
    yield from bare
    yield from masked


def _write(target: Path, frames: Iterable[Image], shape: tuple[int, ...], fps: float) -> None:
    if shutil.which("ffmpeg") is None:
        raise DependencyError("ffmpeg is not installed: apt install ffmpeg")
    encode = [
        "-c:v",
        "libx264",
        "-crf",
        "26",
        "-preset",
        "slow",
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ]
    size = f"{shape[1]}x{shape[0]}"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "bgr24",
        "-s",
        size,
        "-r",
        str(fps),
        "-i",
        "-",
    ]
    with subprocess.Popen([*command, *encode, str(target)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in frames:
            process.stdin.write(frame.tobytes())
