"""The TFLite runtime: LiteRT, or tflite-runtime where the device has nothing newer."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import DependencyError
from edge.types import Image

GREETING = b"INFO: "  # begins what TensorFlow Lite says of itself


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


def is_runtime_older(needed: str) -> bool:
    """Whether the installed runtime is older than a bundle's minimum, a version of ai-edge-litert.

    tflite-runtime counts otherwise and is never called old; what it cannot run, it refuses itself.

    Raises:
        DependencyError: none is installed.
    """
    package, _, found = runtime_version().partition(" ")
    return package == "ai-edge-litert" and version_parts(found) < version_parts(needed)


def version_parts(version: str) -> tuple[int, ...]:
    """The first two numbers of a version, to compare by.

    >>> version_parts("2.10.1") > version_parts("2.9")
    True
    """
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


class _Greetings:
    """Standard error while runtimes are made: what else is written meanwhile, by any thread, comes through a
    moment later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._kept = self._caught = -1

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._kept, self._caught = os.dup(2), os.memfd_create("greetings", os.MFD_CLOEXEC)
                # The kernel guards no position in such a file: without this, threads overwrite each other.
                fcntl.fcntl(self._caught, fcntl.F_SETFL, os.O_APPEND)
                os.dup2(self._caught, 2)
            self._inside += 1

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            os.dup2(self._kept, 2)
            os.close(self._kept)
            with os.fdopen(self._caught, "rb") as caught:
                caught.seek(0)
                for line in caught:
                    if not line.startswith(GREETING):
                        os.write(2, line)


_greetings = _Greetings()


@contextlib.contextmanager
def quiet_runtime() -> Iterator[None]:
    """Keep the runtime's greeting off standard error; it writes there from C++ and has no switch."""
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        yield
        return
    with _greetings:
        yield


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
