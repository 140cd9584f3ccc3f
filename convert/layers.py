"""Where an int8 network goes astray: what each operator makes of pictures, beside its float32 twin."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from convert.flatbuffer import Operator, open_model, read_operators
from convert.running import real_values, run_pictures
from edge.errors import ConfigError
from edge.types import Floats, Image

GROWTH = 0.1  # of its signal: a sound layer adds a few hundredths
SILENT = 1e-6  # a channel that varies less than this share of the liveliest one carries nothing


@dataclass(frozen=True, slots=True)
class LayerError:
    """How far an operator's output lies from float32's.

    Attributes:
        tensor: the output's name, the same in both models.
        operator: name of the built-in.
        error: root of the mean squared difference of a channel over its standard deviation, averaged over
            the channels: 0 is exact, 1 means that nothing is left of what the layer should say.
        before: the largest error among what the operator reads.
    """

    tensor: str
    operator: str
    error: float
    before: float

    @property
    def layer(self) -> str:
        return layer_of(self.tensor)

    @property
    def growth(self) -> float:
        return self.error - self.before


def layer_errors(float32: bytes, int8: bytes, pictures: Image) -> list[LayerError]:
    """Compare two variants of a network operator by operator, in the order they are computed in.

    Errors add up on the way: each model goes on from what it has computed itself. Tensors that int8 does not
    have under the same name are left out.

    Args:
        pictures: uint8 [N, H, W, C], at least two.
    """
    exact, rounded = open_model(float32, preserve=True), open_model(int8, preserve=True)
    whole, parts = ({d["name"]: d for d in m.get_tensor_details()} for m in (exact, rounded))
    known = [op for op in read_operators(float32) if op.tensor in parts]
    expected: dict[str, list[Floats]] = {op.tensor: [] for op in known}
    found: dict[str, list[Floats]] = {op.tensor: [] for op in known}
    for _ in zip(run_pictures(exact, pictures), run_pictures(rounded, pictures), strict=True):
        for op in known:
            expected[op.tensor].append(real_values(exact, whole[op.tensor]))
            found[op.tensor].append(real_values(rounded, parts[op.tensor]))
    errors: dict[int, float] = {}
    layers = []
    for op in known:
        if op.name == "SOFTMAX":  # of the network's end: its error is measured as accuracy
            continue
        error = _lost(np.stack(expected[op.tensor]), np.stack(found[op.tensor]))
        before = max((errors.get(tensor, 0.0) for tensor in op.inputs), default=0.0)
        layers.append(LayerError(op.tensor, op.name, error, before))
        errors |= dict.fromkeys(op.outputs, error)
    return layers


def first_growth(errors: Sequence[LayerError]) -> LayerError:
    """The first layer that loses a tenth of its signal by itself, or the one that loses most.

    Raises:
        ValueError: there are no layers.
    """
    most = max(errors, key=lambda each: each.growth)
    return next((each for each in errors if each.growth >= GROWTH), most)


def tensors_of(flatbuffer: bytes, layers: Iterable[str]) -> list[str]:
    """The tensors that have to stay float for layers to be exact, in the order they are computed in.

    Those of the layers and of what reads them: where a float output is read as integers, it is rounded there.

    Args:
        flatbuffer: any variant of the network.
        layers: names of Keras layers, TFLite tensors or TFLite operators.
    Raises:
        ConfigError: a name is none of these; the message gives the nearest ones.
    """
    operators, chosen = read_operators(flatbuffer), set[str]()
    for name in layers:
        made = {index for op in operators if name in _names(op) for index in op.outputs}
        if not made:
            known = sorted({layer_of(op.tensor) for op in operators})
            near = difflib.get_close_matches(name, known, 3, 0.4) or known
            raise ConfigError(f"--keep-float {name}: the network has no such layer: try {', '.join(near)}")
        chosen |= {op.tensor for op in operators if made.intersection((*op.inputs, *op.outputs))}
    return [op.tensor for op in operators if op.tensor in chosen]


def layer_of(tensor: str) -> str:
    """The Keras layer that a TFLite tensor comes from; of several fused ones the one that is named last.

    TensorFlow writes network/layer/operation for each, the last operation first, and numbers the names.
    """
    return _layers(tensor)[-1]


def _names(operator: Operator) -> set[str]:
    return {operator.tensor, operator.name, *_layers(operator.tensor)}


def _layers(tensor: str) -> list[str]:
    paths = [part.split("/") for part in tensor.split(";")]
    return [re.sub(r"_\d+$", "", path[1] if len(path) > 1 else path[0]) for path in paths]


def _lost(expected: Floats, found: Floats) -> float:
    """Of float [N, 1, ..., C] arrays."""
    channels = expected.shape[-1]
    exact, rounded = (np.asarray(v, np.float64).reshape(-1, channels) for v in (expected, found))
    spread = exact.std(0)
    alive = spread > SILENT * spread.max()
    if not alive.any():
        return 0.0
    rmse = np.sqrt(np.mean((rounded - exact) ** 2, 0))
    return float(np.mean(rmse[alive] / spread[alive]))
