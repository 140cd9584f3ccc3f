"""Converts a network in a process of its own: TensorFlow's converter does not give its memory back."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import train_keras.models  # noqa: F401  registers the layers that a network is loaded with
from convert import export
from convert.variants import VARIANTS, Variant
from edge.types import Floats
from train_keras.occlusion.masked import Progress, quiet


@dataclass(frozen=True, slots=True)
class _Job:
    variant: Variant
    model: Path
    calibration: Path
    pixels: str
    kept: Sequence[str]


def export_variants(
    model: keras.Model,
    calibration: Sequence[Floats],
    variants: Sequence[Variant] = VARIANTS,
    *,
    pixels: str = "uint8",
    kept: Sequence[str] = (),
    progress: Progress = quiet,
) -> dict[Variant, bytes]:
    """Flatbuffers of a network, checked to hold built-in operators only.

    Args:
        calibration: float32 [1, H, W, C] each, for int8.
        pixels: what int8 takes and gives, `uint8` or `int8`.
        kept: tensors that int8 keeps float32; input and output are uint8 then, whatever `pixels` says.
    Raises:
        ModelError: an operator is no built-in one.
    """
    with tempfile.TemporaryDirectory() as folder:
        network, pictures = Path(folder) / "model.keras", Path(folder) / "calibration.npy"
        model.save(network)
        np.save(pictures, np.stack(calibration))
        jobs = [_Job(variant, network, pictures, pixels, kept) for variant in variants]
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=fresh) as process:
            made = progress(process.map(_export, jobs), len(jobs), "converting")
            return dict(zip(variants, made, strict=True))


def _export(job: _Job) -> bytes:
    model = keras.saving.load_model(job.model, compile=False)
    flatbuffer = _convert(model, job)
    export.operators(flatbuffer)
    return flatbuffer


def _convert(model: keras.Model, job: _Job) -> bytes:
    if job.variant == "float32":
        return export.to_float32(model)
    if job.variant == "float16":
        return export.to_float16(model)
    if job.variant == "dynamic":
        return export.to_dynamic(model)
    calibration = np.load(job.calibration, mmap_mode="r")
    if job.kept:
        return export.to_mixed(model, calibration, job.kept)
    kind = tf.dtypes.as_dtype(job.pixels)
    return export.to_int8(model, calibration, kind, kind)
