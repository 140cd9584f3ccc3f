"""Damage of every kind: it is refused with one line, or has changed nothing of what comes out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_models import seal

from edge.bundles.admission import admit
from edge.bundles.archive import pack, unpack
from edge.errors import ModelCorruptError, ModelError, ModelUnfitError


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped, bytes overwritten, a piece lost, doubled or moved; half of it in the zip's tables."""
    spoilt = bytearray(content)
    start = content.index(b"PK\1\2")
    at = int(rng.integers(start, len(content)) if rng.random() < 0.5 else rng.integers(len(content)))
    length = int(rng.integers(1, 64))
    match rng.integers(6):
        case 0:
            spoilt[at] ^= 1 << rng.integers(8)
        case 1:
            spoilt[at : at + length] = rng.bytes(length)
        case 2:
            del spoilt[at:]
        case 3:
            del spoilt[at : at + length]
        case 4:
            spoilt[at:at] = spoilt[at : at + length]
        case _:
            there = int(rng.integers(start, len(content)))
            spoilt[there : there + length] = spoilt[at : at + length]
    return bytes(spoilt)


def refusal(call: Callable[..., object], *arguments: object) -> ModelError | None:
    """What a call refuses with, if it does; anything but a ModelError is a fault of mien."""
    try:
        call(*arguments)
    except ModelError as error:
        return error
    return None


def unpack_damaged(original: Path, scratch: Path, seed: int, times: int) -> int:
    """How many of so many damaged copies were refused; the others came out as the original."""
    content, rng = original.read_bytes(), np.random.default_rng(seed)
    unpack(original, scratch / "original")
    expected = {path.name: path.read_bytes() for path in (scratch / "original").iterdir()}
    file, folder, refused = scratch / "damaged.mien", scratch / "out", 0
    for _ in range(times):
        file.write_bytes(damage(content, rng))
        reason = refusal(unpack, file, folder)
        if isinstance(reason, ModelCorruptError):
            assert "\n" not in str(reason)
            assert not folder.exists()
            refused += 1
        else:
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected
            shutil.rmtree(folder)
    return refused


def test_damaged_archives(small, shipped_file, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert unpack_damaged(pack(small, tmp_path / "small.mien"), tmp_path / "a", 1, 200) > 150
    assert unpack_damaged(shipped_file, tmp_path / "b", 2, 60) > 45


@pytest.mark.slow
def test_ten_thousand_damaged_archives(shipped_file, tmp_path):
    assert unpack_damaged(shipped_file, tmp_path, 3, 10_000) > 7_500


def run_hostile(bundle: Path, scratch: Path, seed: int, times: int) -> dict[str, int]:
    """What becomes of models with damage that their checksums cover."""
    rng, ends = np.random.default_rng(seed), dict[str, int]()
    for number in range(times):
        folder = shutil.copytree(bundle, scratch / str(number))
        model = bytearray((folder / "model.tflite").read_bytes())
        # At the front and the end lie the tables, between them the weights.
        for at in (*rng.integers(0, 400, 2), *rng.integers(len(model) - 3000, len(model), 3)):
            model[at] = rng.integers(256)
        (folder / "model.tflite").write_bytes(model)
        seal(folder)
        error = refusal(admit, folder)
        assert "\n" not in str(error)
        crashed = "crashes the runtime" in str(error)
        end = "crashed" if crashed else type(error).__name__ if error else "admitted"
        ends[end] = ends.get(end, 0) + 1
        shutil.rmtree(folder)
    return ends


def test_models_that_are_hostile_to_the_runtime(small, tmp_path):
    ends = run_hostile(small, tmp_path, 4, 4)
    assert not ends.keys() - {"admitted", "crashed", ModelCorruptError.__name__, ModelUnfitError.__name__}
    assert ends.get("admitted", 0) < 4


@pytest.mark.slow
def test_many_models_that_are_hostile_to_the_runtime(bundle, tmp_path):
    ends = run_hostile(bundle.path, tmp_path, 5, 100)
    assert not ends.keys() - {"admitted", "crashed", ModelCorruptError.__name__, ModelUnfitError.__name__}
    assert 0 < ends.get("admitted", 0) < 100  # some bytes count for nothing, most do
