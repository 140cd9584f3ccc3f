"""The expression model: LiteRT on the CPU."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from edge.bundles import Bundle
from edge.errors import DependencyError, ModelCorruptError
from edge.labels import LABELS
from edge.types import Floats, Image


class Classifier:
    """Runs a bundle's model.

    Pixels of a quantised model go in as they are: conversion sets its input so that the quantised value is
    the pixel (less 128 where the input is int8). A float model's input is pixel * scale + offset, as the
    manifest says.

    Args:
        bundle: a verified bundle.
        threads: of the runtime; one is the fastest for models this small.
    Raises:
        DependencyError: no LiteRT and no tflite-runtime.
        ModelCorruptError: the model cannot be loaded, or is not what its manifest says.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self.bundle = bundle
        spec = bundle.manifest.input
        self.size = spec.size
        try:
            with _quiet_runtime():
                self._interpreter = runtime().Interpreter(model_path=str(bundle.model), num_threads=threads)
                self._interpreter.allocate_tensors()
            given, answer = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise ModelCorruptError(f"{bundle.model} cannot be loaded: install the model again") from error
        self._check("input", given, (1, spec.size, spec.size, spec.channels))
        self._check("output", answer, (1, len(LABELS)))
        self._input_index, self._output_index = given[0]["index"], answer[0]["index"]
        self._input = np.zeros((1, spec.size, spec.size, spec.channels), given[0]["dtype"])
        self._scale, self._zero = _dequantisation(answer[0])

    def classify(self, crops: Image) -> Floats:
        """Probabilities of face crops.

        Crops go through one by one: with models this small a batched interpreter is no faster per face, and
        resizing one costs more than classifying.

        Args:
            crops: uint8 [N, size, size], grey.
        Returns:
            float32 [N, 7] over `labels.LABELS`; each row sums to 1.
        """
        answers = np.empty((len(crops), len(LABELS)), np.float32)
        for crop, answer in zip(crops, answers, strict=True):
            self._fill(crop)
            self._interpreter.set_tensor(self._input_index, self._input)
            self._interpreter.invoke()
            answer[:] = self._interpreter.get_tensor(self._output_index)[0]
        answers -= self._zero
        answers *= self._scale
        np.maximum(answers, 1e-6, out=answers)  # a quantised softmax may round every class down to 0
        answers /= answers.sum(axis=1, keepdims=True)
        return answers

    def _fill(self, crop: Image) -> None:
        """Write a crop into the input buffer; grey is repeated where the model wants three channels."""
        buffer, pixels = self._input[0], crop[:, :, np.newaxis]
        if buffer.dtype == np.uint8:
            buffer[:] = pixels
        elif buffer.dtype == np.int8:
            np.subtract(pixels, 128, out=buffer, dtype=np.int16, casting="unsafe")
        else:
            spec = self.bundle.manifest.input
            np.multiply(pixels, np.float32(spec.scale), out=buffer)
            buffer += np.float32(spec.offset)

    def _check(self, what: str, details: list[dict[str, Any]], shape: tuple[int, ...]) -> None:
        found = [tuple(int(side) for side in detail["shape"]) for detail in details]
        if found != [shape]:
            raise ModelCorruptError(
                f"{self.bundle.model}: {what} is {found}, its manifest says [{shape}]: install it again"
            )
        if details[0]["dtype"] not in (np.uint8, np.int8, np.float32):
            name = np.dtype(details[0]["dtype"]).name
            raise ModelCorruptError(f"{self.bundle.model}: {what} is {name}: convert the model again")


def runtime() -> ModuleType:
    """The module with `Interpreter`: LiteRT, or tflite-runtime where the device has nothing newer.

    Raises:
        DependencyError: neither is installed.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter
        except ImportError as error:
            raise DependencyError("no TFLite runtime: pip install ai-edge-litert") from error
    return interpreter  # type: ignore[no-any-return]


def runtime_version() -> str:
    """Name and version of the installed runtime.

    Raises:
        DependencyError: none is installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    package = runtime().__name__.split(".")[0].replace("_", "-")
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} of unknown version"


@contextlib.contextmanager
def _quiet_runtime() -> Iterator[None]:
    """Keep the runtime's greeting off standard error; it writes there from C++ and has no switch."""
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _dequantisation(detail: dict[str, Any]) -> tuple[np.float32, np.float32]:
    scale, zero = detail["quantization"]
    return (np.float32(scale), np.float32(zero)) if scale else (np.float32(1), np.float32(0))
