"""What a model has to show before it may be used; run in a process of its own, by `admission`."""

from __future__ import annotations

import math
import statistics
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.bundles.folder import MEND, Bundle, DetectionBundle, verify
from edge.detectors import golden as golden_faces
from edge.errors import ModelCorruptError, ModelUnfitError
from edge.golden import compare_golden
from edge.runtime import (
    dequantisation,
    is_runtime_older,
    quiet_runtime,
    runtime,
    runtime_version,
    write_pixels,
)
from edge.types import Floats, Image

WARM_UP, RUNS = 3, 30
INT8_STEPS = 2  # of 1/255 a probability may be off; float models only by rounding
TOLERANCES = {"int8": INT8_STEPS / 255}
FLOAT_TOLERANCE = 1e-3
# How far a softmax's sum may be off 1: an int8 one rounds each of seven answers by half a step.
SUM_TOLERANCE = 0.02
_INTEGERS = (np.uint8, np.int8)


def examine(folder: Path, budget: float | None) -> dict[str, Any]:
    """Check a bundle on this machine.

    Returns:
        The fields of `admission.Admission`.
    Raises:
        ModelMissingError, ModelCorruptError: it is no sound bundle, or not what it says.
        ModelUnfitError: it is sound, but needs a newer runtime or is slower than `budget` seconds.
        DependencyError: no runtime is installed.
    """
    cv2.setNumThreads(1)
    bundle = verify(folder)
    manifest = bundle.manifest
    if is_runtime_older(manifest.minimum_runtime):
        raise ModelUnfitError(
            f"{manifest.name} {manifest.version} needs ai-edge-litert {manifest.minimum_runtime}, here is "
            f"{runtime_version()}: pip install --upgrade ai-edge-litert"
        )
    difference = _compare(bundle)
    latency = _look(bundle)
    if budget is not None and latency > budget:
        raise ModelUnfitError(
            f"{manifest.name} {manifest.version} takes {1000 * latency:.2f} ms on this device, more than the "
            f"{1000 * budget:.2f} ms it may: use a smaller model or raise the budget"
        )
    return {
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task,
        "latency_seconds": latency,
        "golden_difference": difference,
        "runtime": runtime_version(),
    }


def _compare(bundle: Bundle | DetectionBundle) -> float:
    """The largest difference from the golden outputs, of a probability or a face's score."""
    with np.load(bundle.golden) as golden:
        if isinstance(bundle, DetectionBundle):
            faces = golden_faces.compare_golden(bundle, golden)
            good, found, difference = not faces.faults, str(faces), faces.score
            if not faces.faces:
                raise ModelCorruptError(f"{bundle.golden} shows no face, which proves nothing: {MEND}")
        else:
            answers = compare_golden(bundle, golden)
            tolerance = TOLERANCES.get(bundle.manifest.quantisation, FLOAT_TOLERANCE)
            good, found, difference = answers.within(tolerance), str(answers), answers.difference
    if not good:
        raise ModelCorruptError(
            f"{bundle.model} answers otherwise here than where it was made ({found}): {MEND}, or another "
            "version of ai-edge-litert"
        )
    return difference


def _look(bundle: Bundle | DetectionBundle) -> float:
    """Check the types and some answers of a model whose shapes are known to be right.

    Returns:
        Median seconds of a single invoke on one thread.
    """
    with quiet_runtime():
        interpreter = runtime().Interpreter(model_path=str(bundle.model), num_threads=1)
        interpreter.allocate_tensors()
    given, answers = interpreter.get_input_details()[0], interpreter.get_output_details()
    _check_types(bundle, given, answers, interpreter.get_tensor_details())
    spec = bundle.manifest.input
    buffer = np.empty(tuple(given["shape"]), given["dtype"])
    for picture in _pictures(buffer.shape[1:]):
        write_pixels(buffer[0], picture, spec.scale, spec.offset)
        interpreter.set_tensor(given["index"], buffer)
        interpreter.invoke()
        _check_answers(bundle, [_numbers(interpreter.get_tensor(a["index"]), a) for a in answers])
    seconds = []
    for _ in range(WARM_UP + RUNS):
        begin = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[WARM_UP:])


def _check_types(
    bundle: Bundle | DetectionBundle,
    given: dict[str, Any],
    answers: list[dict[str, Any]],
    tensors: list[dict[str, Any]],
) -> None:
    manifest = bundle.manifest
    ends = [given["dtype"], *(answer["dtype"] for answer in answers)]
    said = f"{bundle.model} is not {manifest.quantisation}, as its manifest says"
    if manifest.quantisation != "int8":
        if any(kind is not np.float32 for kind in ends):
            raise ModelCorruptError(f"{said}: its input or output is no float32: convert it again")
        return
    if any(kind not in _INTEGERS for kind in ends):
        raise ModelCorruptError(f"{said}: its input or output is {_name(ends)}: convert it again")
    # Some layers may be kept in float for their accuracy or their speed, but not most of the network.
    floats = sum(_size(tensor) for tensor in tensors if np.issubdtype(tensor["dtype"], np.floating))
    integers = sum(_size(tensor) for tensor in tensors if tensor["dtype"] in _INTEGERS)
    if floats > integers:
        share = 100 * floats / (floats + integers)
        raise ModelCorruptError(f"{said}: {share:.0f} % of its numbers are float: convert it again")
    # Pixels go in as they are, so the model has to read them as its training did.
    scale, zero = dequantisation(given)
    first = 0.0 if given["dtype"] is np.uint8 else -128.0
    spec = manifest.input
    ranges = [((first + pixel - zero) * scale, pixel * spec.scale + spec.offset) for pixel in (0.0, 255.0)]
    if any(abs(read - trained) > abs(spec.scale) for read, trained in ranges):
        raise ModelCorruptError(
            f"{bundle.model} reads pixels as {ranges[0][0]:.3f} to {ranges[1][0]:.3f}, its manifest says "
            f"{ranges[0][1]:.3f} to {ranges[1][1]:.3f}: convert it again"
        )


def _check_answers(bundle: Bundle | DetectionBundle, answers: list[Floats]) -> None:
    if not all(np.isfinite(answer).all() for answer in answers):
        raise ModelCorruptError(f"{bundle.model} answers what is no number: do not use it")
    if isinstance(bundle, Bundle):
        total = float(answers[0].sum())
        if abs(total - 1) > SUM_TOLERANCE:
            raise ModelCorruptError(
                f"{bundle.model}: its probabilities add up to {total:.3f}, not 1: do not use it"
            )


def _pictures(shape: tuple[int, ...]) -> tuple[Image, ...]:
    """Black, white, and noise: uint8 of a shape."""
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8), noise


def _numbers(answer: Any, detail: dict[str, Any]) -> Floats:
    scale, zero = dequantisation(detail)
    numbers: Floats = (answer.astype(np.float32) - zero) * scale
    return numbers


def _size(tensor: dict[str, Any]) -> int:
    return math.prod(map(int, tensor["shape"]))


def _name(kinds: list[Any]) -> str:
    return str(next(np.dtype(kind).name for kind in kinds if kind not in _INTEGERS))
