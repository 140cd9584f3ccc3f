"""The expression model: LiteRT on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.bundles import Bundle
from edge.errors import ModelCorruptError
from edge.labels import LABELS
from edge.runtime import dequantisation, quiet_runtime, runtime, write_pixels
from edge.turns import BOTH, PLAIN, Sides
from edge.types import Floats, Image


class Classifier:
    """Runs a bundle's model.

    Args:
        bundle: a verified bundle.
        threads: of the runtime; one is the fastest for models this small.
        mirror: False reads no mirror image, even where the bundle asks for it.
    Raises:
        DependencyError: no LiteRT and no tflite-runtime.
        ModelCorruptError: the model cannot be loaded, or is not what its manifest says.
    """

    def __init__(self, bundle: Bundle, threads: int = 1, mirror: bool = True) -> None:
        self.bundle = bundle
        spec = bundle.manifest.input
        self.size = spec.size
        self._mirror = mirror and spec.mirror
        try:
            with quiet_runtime():
                self._interpreter = runtime().Interpreter(model_path=str(bundle.model), num_threads=threads)
                self._interpreter.allocate_tensors()
            given, answer = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise ModelCorruptError(f"{bundle.model} cannot be loaded: install the model again") from error
        self._check("input", given, (1, spec.size, spec.size, spec.channels))
        self._check("output", answer, (1, len(LABELS)))
        self._input_index, self._output_index = given[0]["index"], answer[0]["index"]
        self._input = np.zeros((1, spec.size, spec.size, spec.channels), given[0]["dtype"])
        self._scale, self._zero = dequantisation(answer[0])

    def classify(self, crops: Image, sides: Sequence[Sides] | None = None) -> Floats:
        """Probabilities of face crops.

        Where the bundle asks for it, a crop's mirror image is read too, and the answer is the mean of both.
        Crops go through one by one: with models this small a batched interpreter is no faster per face, and
        resizing one costs more than classifying.

        Args:
            crops: uint8 [N, size, size], grey.
            sides: for each, BOTH, PLAIN or MIRRORED; all BOTH by default. Where no mirror images are read,
                all are PLAIN.
        Returns:
            float32 [N, 7] over `labels.LABELS`; each row sums to 1.
        """
        answers = np.empty((len(crops), len(LABELS)), np.float32)
        if sides is None or not self._mirror:
            sides = [BOTH if self._mirror else PLAIN] * len(crops)
        for crop, (plain, mirrored), answer in zip(crops, sides, answers, strict=True):
            answer[:] = self._ask(crop) if plain else self._ask(crop[:, ::-1])
            if plain and mirrored:
                answer += self._ask(crop[:, ::-1])
                answer *= 0.5
        answers -= self._zero
        answers *= self._scale
        np.maximum(answers, 1e-6, out=answers)  # a quantised softmax may round every class down to 0
        answers /= answers.sum(axis=1, keepdims=True)
        return answers

    def _ask(self, crop: Image) -> Any:
        """What the model says of a crop, as it is stored: [7]."""
        spec = self.bundle.manifest.input
        write_pixels(self._input[0], crop[:, :, np.newaxis], spec.scale, spec.offset)
        self._interpreter.set_tensor(self._input_index, self._input)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output_index)[0]

    def _check(self, what: str, details: list[dict[str, Any]], shape: tuple[int, ...]) -> None:
        found = [tuple(int(side) for side in detail["shape"]) for detail in details]
        if found != [shape]:
            raise ModelCorruptError(
                f"{self.bundle.model}: {what} is {found}, its manifest says [{shape}]: install it again"
            )
        if details[0]["dtype"] not in (np.uint8, np.int8, np.float32):
            name = np.dtype(details[0]["dtype"]).name
            raise ModelCorruptError(f"{self.bundle.model}: {what} is {name}: convert the model again")
