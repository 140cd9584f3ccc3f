"""The TFLite runtime: LiteRT, or tflite-runtime where the device has nothing newer."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import DependencyError
from edge.types import Image


def runtime() -> ModuleType:
    """The module with `Interpreter`.

    Raises:
        DependencyError: neither runtime is installed.
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
def quiet_runtime() -> Iterator[None]:
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


def dequantisation(detail: dict[str, Any]) -> tuple[np.float32, np.float32]:
    """Scale and zero point of a tensor's details; 1 and 0 where it is not quantised."""
    scale, zero = detail["quantization"]
    return (np.float32(scale), np.float32(zero)) if scale else (np.float32(1), np.float32(0))


def write_pixels(buffer: npt.NDArray[Any], pixels: Image, scale: float, offset: float) -> None:
    """Write pixels into a model's input, in place.

    Pixels of a quantised model go in as they are: conversion sets its input so that the quantised value is
    the pixel (less 128 where the input is int8). A float model's input is pixel * scale + offset.

    Args:
        buffer: uint8, int8 or float32 [H, W, C].
        pixels: uint8 [H, W, C], or [H, W, 1] to be repeated.
    """
    if buffer.dtype == np.uint8:
        buffer[:] = pixels
    elif buffer.dtype == np.int8:
        np.bitwise_xor(pixels, 128, out=buffer.view(np.uint8))  # less 128, as bytes
    else:
        np.multiply(pixels, np.float32(scale), out=buffer)
        buffer += np.float32(offset)
