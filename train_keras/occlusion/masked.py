"""Masked and otherwise occluded copies of whole sets: the training pool and the fixed test pictures."""

from __future__ import annotations

import ast
import hashlib
import inspect
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import DataError
from edge.types import Floats, Image
from train_keras.data.faces import Faces, Rows
from train_keras.occlusion import (
    canvas,
    creases,
    hand,
    landmarks,
    masks,
    painter,
    regions,
    scarf,
    squares,
    sunglasses,
)
from train_keras.occlusion import kinds as occlusion_kinds
from train_keras.occlusion.kinds import Occlusion, occlude, to_occlusion

TEST_SEED = 2013  # never a training seed: `masked_pool` refuses it
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mien"
_CHUNK = 128
_CHOICE = 1  # beside a face's seed: which kind it wears is drawn apart from how that looks

# What every cached array was made by: its name changes with this code.
_PAINTER: tuple[ModuleType, ...] = (landmarks, creases, masks, painter)
_SOURCES: dict[str, tuple[ModuleType, ...]] = {
    "landmarks": (landmarks,),
    "pool": _PAINTER,
    "pool-maps": _PAINTER,
    "test": _PAINTER,
}
_ALL_SOURCES = (*_PAINTER, canvas, hand, occlusion_kinds, regions, scarf, squares, sunglasses)
_MASK = (Occlusion.MASK,)

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
    return occluded_pool(faces, _MASK, seed, variants, progress)


def masked_test(faces: Faces, progress: Progress = quiet) -> tuple[Image, Image]:
    """The fixed test masks: pictures and occlusion maps, both uint8 [N, S, S].

    The mask of a face depends on its row in the published file, and where dlib confirms no face on the
    template fitted to its set; so every model meets the same masks.
    """
    return occluded_test(faces, Occlusion.MASK, progress)


def occluded_test(faces: Faces, kind: Occlusion | str, progress: Progress = quiet) -> tuple[Image, Image]:
    """The fixed test pictures of one kind of occlusion, as `masked_test` draws its masks.

    Returns:
        Pictures and occlusion maps, both uint8 [N, S, S].
    Raises:
        ValueError: there is no such kind.
    """
    worn = (to_occlusion(kind),)
    points, _ = find_landmarks(faces.images, progress)
    name, key = ("test", ()) if worn == _MASK else ("occluded-test", worn)
    both = _cached(
        name,
        (faces.images, faces.rows, *key),
        lambda: np.stack(_paint(faces, points, worn, (TEST_SEED, 0), progress)),
    )
    return both[0], both[1]


def occluded_pool(
    faces: Faces, kinds: Sequence[Occlusion | str], seed: int, variants: int, progress: Progress = quiet
) -> Image:
    """Each face under several occlusions: uint8 [variants, N, S, S], cached on disk.

    Args:
        kinds: what they are drawn from, each as often as the others; one named twice comes twice as often.
    Raises:
        ValueError: `seed` is the one the test pictures are drawn with, or a kind does not exist.
    """
    return _pool(faces, kinds, seed, variants, progress, maps=False)


def pool_maps(
    faces: Faces, kinds: Sequence[Occlusion | str], seed: int, variants: int, progress: Progress = quiet
) -> Image:
    """What is covered in `occluded_pool`'s pictures, given the same arguments: occlusion maps, uint8
    [variants, N, S, S], cached on disk beside them."""
    return _pool(faces, kinds, seed, variants, progress, maps=True)


def _pool(
    faces: Faces,
    kinds: Sequence[Occlusion | str],
    seed: int,
    variants: int,
    progress: Progress,
    *,
    maps: bool,
) -> Image:
    if seed == TEST_SEED:
        raise ValueError(f"seed {seed} draws the test masks: choose another for training")
    if not kinds:
        raise ValueError(f"no kinds of occlusion to draw from: name some of {', '.join(Occlusion)}")
    worn = tuple(to_occlusion(kind) for kind in kinds)
    points, _ = find_landmarks(faces.images, progress)
    name, key = ("pool", ()) if worn == _MASK else ("occluded-pool", worn)

    def variant(k: int) -> Image:
        keys = (faces.images, faces.rows, seed, k, *key)
        files = [_file(part, keys) for part in (name, f"{name}-maps")]
        if not files[maps].is_file():
            for file, painted in zip(files, _paint(faces, points, worn, (seed, k), progress), strict=True):
                if not file.is_file():
                    _save(file, painted)
        return np.load(files[maps])

    return np.stack([variant(k) for k in range(variants)])


def _find(images: Image, progress: Progress) -> Floats:
    out = np.full((len(images), 68, 2), np.nan, np.float32)
    chunks = _chunks(len(images))
    with workers() as pool:
        jobs = pool.map(_find_chunk, (images[chunk] for chunk in chunks))
        for chunk, points in zip(chunks, progress(jobs, len(chunks), "finding landmarks"), strict=True):
            out[chunk] = points
    return out


def _find_chunk(images: Image) -> Floats:
    missing = np.full((68, 2), np.nan, np.float32)
    found = (landmarks.in_crop(image) for image in images)
    return np.stack([missing if points is None else points for points in found])


def _paint(
    faces: Faces, points: Floats, worn: tuple[Occlusion, ...], seeds: tuple[int, int], progress: Progress
) -> tuple[Image, Image]:
    pictures, maps = np.empty_like(faces.images), np.empty_like(faces.images)
    chunks = _chunks(len(faces))
    title = "painting masks" if worn == _MASK else "painting occlusions"
    with workers() as pool:
        jobs = pool.map(
            _paint_chunk, ((faces.images[c], points[c], faces.rows[c], worn, seeds) for c in chunks)
        )
        for chunk, (painted, covered) in zip(chunks, progress(jobs, len(chunks), title), strict=True):
            pictures[chunk], maps[chunk] = painted, covered
    return pictures, maps


def _paint_chunk(
    job: tuple[Image, Floats, Rows, tuple[Occlusion, ...], tuple[int, int]],
) -> tuple[Image, Image]:
    images, points, rows, worn, seeds = job
    painted = [
        occlude(image, marks, _choose(worn, (*seeds, int(row))), np.random.default_rng((*seeds, int(row))))
        for image, marks, row in zip(images, points, rows, strict=True)
    ]
    return np.stack([picture for picture, _ in painted]), np.stack([covered for _, covered in painted])


def _choose(worn: tuple[Occlusion, ...], seed: tuple[int, ...]) -> Occlusion:
    return worn[np.random.default_rng((*seed, _CHOICE)).integers(len(worn))]


def workers() -> ProcessPoolExecutor:
    """A process a core, begun afresh: forked from one in which TensorFlow or OpenCV runs threads, they wait
    for these for ever."""
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(mp_context=fresh, initializer=cv2.setNumThreads, initargs=(1,))


def _chunks(count: int) -> list[slice]:
    return [slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


def _cached(name: str, keys: tuple[Any, ...], make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """What `make` returns, kept on disk."""
    file = _file(name, keys)
    if not file.is_file():
        _save(file, make())
    return np.load(file)


def _file(name: str, keys: tuple[Any, ...]) -> Path:
    """A name that changes with the inputs and with the code that paints them."""
    digest = hashlib.sha256()
    for key in keys:
        # The comma keeps seed 1, variant 10 apart from seed 11, variant 0.
        digest.update(key.tobytes() if isinstance(key, np.ndarray) else f"{key},".encode())
    for source in _SOURCES.get(name, _ALL_SOURCES):
        digest.update(ast.dump(ast.parse(inspect.getsource(source))).encode())
    return CACHE / f"{name}-{digest.hexdigest()[:20]}.npy"


def _save(file: Path, made: npt.NDArray[Any]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.npy")
    np.save(part, made)
    part.replace(file)
