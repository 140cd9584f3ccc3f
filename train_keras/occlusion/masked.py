"""Masked copies of whole sets: the training pool and the fixed test masks."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.types import Floats, Image
from train_keras.data.faces import Faces, Rows
from train_keras.occlusion import landmarks, masks, painter
from train_keras.occlusion.painter import paint_random

TEST_SEED = 2013  # never a training seed: `masked_pool` refuses it
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mien"
_CHUNK = 128

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def quiet(items: Iterable[Any], total: int, title: str) -> Iterable[Any]:
    """No progress bar."""
    return items


def find_landmarks(images: Image, progress: Progress = quiet) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The 68 landmarks of every crop, cached on disk.

    Args:
        images: uint8 [N, S, S] grey.
    Returns:
        float32 [N, 68, 2], the fitted template where dlib confirms no face, and bool [N], where it did.
    Raises:
        DataError: dlib confirms none of them.
    """
    found = _cached("landmarks", (images,), lambda: _find(images, progress))
    seen = np.isfinite(found[:, 0, 0])
    if not seen.any():
        raise DataError(f"dlib confirms none of {len(images)} faces: expected upright face crops")
    found[~seen] = landmarks.fit_template(found[seen])
    return found, seen


def masked_pool(faces: Faces, seed: int, variants: int, progress: Progress = quiet) -> Image:
    """Each face under several masks: uint8 [variants, N, S, S], cached on disk.

    Raises:
        ValueError: `seed` is the one the test masks are drawn with.
    """
    if seed == TEST_SEED:
        raise ValueError(f"seed {seed} draws the test masks: choose another for training")
    points, _ = find_landmarks(faces.images, progress)

    def variant(k: int) -> Image:
        key = (faces.images, faces.rows, seed, k)
        return _cached("pool", key, lambda: _paint(faces, points, (seed, k), progress)[0])

    return np.stack([variant(k) for k in range(variants)])


def masked_test(faces: Faces, progress: Progress = quiet) -> tuple[Image, Image]:
    """The fixed test masks: pictures and occlusion maps, both uint8 [N, S, S].

    The mask of a face depends on its row in the published file, and where dlib confirms no face on the
    template fitted to its set; so every model meets the same masks.
    """
    points, _ = find_landmarks(faces.images, progress)
    both = _cached(
        "test", (faces.images, faces.rows), lambda: np.stack(_paint(faces, points, (TEST_SEED, 0), progress))
    )
    return both[0], both[1]


def _find(images: Image, progress: Progress) -> Floats:
    out = np.full((len(images), 68, 2), np.nan, np.float32)
    chunks = _chunks(len(images))
    with _workers() as pool:
        jobs = pool.map(_find_chunk, (images[chunk] for chunk in chunks))
        for chunk, points in zip(chunks, progress(jobs, len(chunks), "finding landmarks"), strict=True):
            out[chunk] = points
    return out


def _find_chunk(images: Image) -> Floats:
    missing = np.full((68, 2), np.nan, np.float32)
    found = (landmarks.in_crop(image) for image in images)
    return np.stack([missing if points is None else points for points in found])


def _paint(faces: Faces, points: Floats, seeds: tuple[int, int], progress: Progress) -> tuple[Image, Image]:
    pictures, maps = np.empty_like(faces.images), np.empty_like(faces.images)
    chunks = _chunks(len(faces))
    with _workers() as pool:
        jobs = pool.map(_paint_chunk, ((faces.images[c], points[c], faces.rows[c], seeds) for c in chunks))
        for chunk, (painted, covered) in zip(
            chunks, progress(jobs, len(chunks), "painting masks"), strict=True
        ):
            pictures[chunk], maps[chunk] = painted, covered
    return pictures, maps


def _paint_chunk(job: tuple[Image, Floats, Rows, tuple[int, int]]) -> tuple[Image, Image]:
    images, points, rows, (seed, variant) = job
    painted = [
        paint_random(image, marks, np.random.default_rng((seed, variant, int(row))))
        for image, marks, row in zip(images, points, rows, strict=True)
    ]
    return np.stack([picture for picture, _ in painted]), np.stack([covered for _, covered in painted])


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """A process a core. OpenCV's own threads end before the fork: a child that inherits them waits for them
    for ever."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ProcessPoolExecutor() as pool:
            yield pool
    finally:
        cv2.setNumThreads(threads)


def _chunks(count: int) -> list[slice]:
    return [slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


def _cached(name: str, keys: tuple[Any, ...], make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """What `make` returns, kept under a name that changes with the inputs and with the painter's code."""
    digest = hashlib.sha256()
    for key in keys:
        # The comma keeps seed 1, variant 10 apart from seed 11, variant 0.
        digest.update(key.tobytes() if isinstance(key, np.ndarray) else f"{key},".encode())
    sources = (landmarks,) if name == "landmarks" else (landmarks, masks, painter)
    for source in sources:
        digest.update(ast.dump(ast.parse(inspect.getsource(source))).encode())
    file = CACHE / f"{name}-{digest.hexdigest()[:20]}.npy"
    if file.is_file():
        return np.load(file)
    made = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.npy")
    np.save(part, made)
    part.replace(file)
    return made
