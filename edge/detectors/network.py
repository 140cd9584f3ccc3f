"""facet's network at one input size: a canvas to put a picture on, and what the network sees there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.bundles import DetectionBundle
from edge.detectors.decoding import (
    CLASS_CHANNELS,
    GEOMETRY_CHANNELS,
    Detections,
    Level,
    Quantisation,
    decode,
)
from edge.detectors.resizing import resize_into
from edge.errors import ModelCorruptError
from edge.runtime import dequantisation, quiet_runtime, runtime, write_pixels
from edge.scratch import Scratch
from edge.types import Image

PADDING = 114  # the grey around a picture that does not fill the input, as in training


class Network:
    """An interpreter of the bundle's model for inputs of width x height pixels.

    Args:
        bundle: a verified bundle.
        content: of its model file.
        size: width and height, multiples of the largest stride.
        threshold: least score, above 0 and below 1.
        threads: of the runtime.
    Raises:
        DependencyError: no LiteRT and no tflite-runtime.
        ModelCorruptError: the model cannot be loaded, or has other inputs and outputs than facet's.
    """

    def __init__(
        self, bundle: DetectionBundle, content: bytes, size: tuple[int, int], threshold: float, threads: int
    ) -> None:
        self._file = bundle.model
        self._spec = bundle.manifest.input
        width, height = size
        try:
            with quiet_runtime():
                self._interpreter = runtime().Interpreter(model_content=content, num_threads=threads)
                given = self._interpreter.get_input_details()
                self._check_input(given)
                self._input_index = given[0]["index"]
                self._interpreter.resize_tensor_input(self._input_index, [1, height, width, 3])
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelCorruptError(f"{self._file} cannot be loaded: install the model again") from error
        self._canvas = np.full((1, height, width, 3), PADDING, np.uint8)
        self._input = self._canvas
        if given[0]["dtype"] != np.uint8:
            self._input = np.empty(self._canvas.shape, given[0]["dtype"])
        self._placed: tuple[int, int] | None = None
        self._scratch = Scratch()
        self._levels, self._outputs = self._read_outputs(size, bundle.manifest.strides, threshold)

    def place(self, image: Image, size: tuple[int, int]) -> None:
        """Put a picture, resized to width x height pixels, at the top left; the rest is padding.

        Args:
            image: uint8 [H, W, 3] BGR.
            size: at most the network's.
        """
        if size != self._placed:
            self._canvas.fill(PADDING)
            self._placed = size
        width, height = size
        resize_into(image, self._canvas[0, :height, :width], self._scratch)

    def run(self) -> Detections:
        """The faces of the picture on the canvas, in pixels of the canvas."""
        if self._input is not self._canvas:
            write_pixels(self._input[0], self._canvas[0], self._spec.scale, self._spec.offset)
        # Copies in and out: they cost 2 and 3 microseconds, and views of the runtime's memory no less.
        self._interpreter.set_tensor(self._input_index, self._input)
        self._interpreter.invoke()
        get = self._interpreter.get_tensor
        return decode(self._levels, [(get(scores), get(geometry)) for scores, geometry in self._outputs])

    def _read_outputs(
        self, size: tuple[int, int], strides: Sequence[int], threshold: float
    ) -> tuple[list[Level], list[tuple[int, int]]]:
        """The levels and, for each, the indices of its class and geometry tensors, told by their shapes."""
        details = self._interpreter.get_output_details()
        found = {tuple(int(side) for side in detail["shape"]): detail for detail in details}
        levels, indices = [], []
        for stride in strides:
            columns, rows = size[0] // stride, size[1] // stride
            wanted = [(1, rows, columns, channels) for channels in (CLASS_CHANNELS, GEOMETRY_CHANNELS)]
            if any(shape not in found for shape in wanted) or len(details) != 2 * len(strides):
                raise ModelCorruptError(
                    f"{self._file}: outputs are {sorted(found)}, not pairs such as {wanted}: install it again"
                )
            scores, geometry = (found[shape] for shape in wanted)
            levels.append(
                Level(stride, rows, columns, _quantisation(scores), _quantisation(geometry), threshold)
            )
            indices.append((scores["index"], geometry["index"]))
        return levels, indices

    def _check_input(self, details: Sequence[dict[str, Any]]) -> None:
        shapes = [tuple(int(side) for side in detail["shape"]) for detail in details]
        expected = (1, self._spec.height, self._spec.width, self._spec.channels)
        if shapes != [expected] or details[0]["dtype"] not in (np.uint8, np.int8, np.float32):
            raise ModelCorruptError(
                f"{self._file}: input is {shapes}, its manifest says [{expected}]: install it again"
            )


def _quantisation(detail: dict[str, Any]) -> Quantisation:
    scale, zero = dequantisation(detail)
    return Quantisation(float(scale), float(zero), bool(np.issubdtype(detail["dtype"], np.integer)))
