"""A trainable network back from its bundle, whose int8 weights carry its batch normalisation folded in.

What comes back answers as the bundle does, but for the rounding of activations and the temperature. So a
network whose training run is gone can be converted again, explained, or trained on. Heads that only training
had are gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.bundles import Bundle
from edge.errors import DataError
from edge.runtime import quiet_runtime, runtime
from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.data.faces import Split
from train_keras.keeping import restored
from train_keras.models.outputs import expression_only
from train_keras.recipe import Recipe
from train_keras.starting import HEAD
from train_keras.training import network as untrained
from train_keras.training import read_faces

SETTLING = 512  # faces
# Axes of TFLite's weights in the order of Keras's.
AXES = {"CONV_2D": (1, 2, 3, 0), "DEPTHWISE_CONV_2D": (1, 2, 3, 0), "FULLY_CONNECTED": (1, 0)}


@dataclass(frozen=True, slots=True)
class _Folded:
    """One operator's weights, in Keras's order, and the layers that were fused into it."""

    layers: frozenset[str]
    kernel: Floats
    bias: Floats


def restore(bundle: Bundle, run: Path) -> Path:
    """Write a bundle's network into a run's folder, as its training would have left it; returns the file.

    Raises:
        ConfigError: the folder holds a run of another recipe.
        DataError: the recipe's faces are missing, or as `unfold`.
    """
    recipe = recipe_of(bundle)
    faces = read_faces(recipe).split(Split.TRAINING)[:SETTLING]
    return restored(recipe, unfold(bundle, recipe, faces.images), run)


def recipe_of(bundle: Bundle) -> Recipe:
    """The recipe that a bundle's manifest tells.

    Raises:
        DataError: it tells none.
    """
    try:
        return Recipe.model_validate_json(bundle.manifest.training["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"bundle {bundle.path.name} does not tell by which recipe it was trained") from error


def unfold(bundle: Bundle, recipe: Recipe, faces: Image) -> keras.Model:
    """A bundle's network, in float32, before its calibration.

    Args:
        faces: uint8 [N, S, S] grey training faces, from which batch normalisation takes its statistics. They
            change no answer; training goes on from them.
    Raises:
        DataError: the recipe's is another network, or one that is not folded so.
    """
    network, folded = expression_only(untrained(recipe)), _read(bundle)
    for layer in (each for each in network.layers if each.weights):
        its = [each for each in folded if layer.name in each.layers]
        try:
            (each,) = its
            layer.set_weights(_weights(layer, each))
        except ValueError as error:
            raise DataError(
                f"bundle {bundle.path.name}: the weights of layer {layer.name} cannot be had from it"
            ) from error
    _settle(network, scale_pixels(faces))
    head = network.get_layer(HEAD)
    head.set_weights([each * bundle.manifest.calibration.temperature for each in head.get_weights()])
    return network


def _read(bundle: Bundle) -> list[_Folded]:
    with quiet_runtime():
        interpreter = runtime().Interpreter(model_path=str(bundle.model))
    details = {each["index"]: each for each in interpreter.get_tensor_details()}
    return [
        _Folded(
            _fused(details[node["outputs"][0]]["name"]),
            _real(interpreter, details[node["inputs"][1]]).transpose(AXES[node["op_name"]]),
            _real(interpreter, details[node["inputs"][2]]),
        )
        for node in interpreter._get_ops_details()
        if node["op_name"] in AXES and len(node["inputs"]) > 2
    ]


def _fused(tensor: str) -> frozenset[str]:
    """Names of layers in a tensor's, in which TensorFlow numbers them: network_1/layer_1/operation;..."""
    parts = [part.split("/")[1] for part in tensor.split(";") if "/" in part]
    return frozenset(re.sub(r"_\d+$", "", part) for part in parts)


def _real(interpreter: Any, detail: dict[str, Any]) -> Floats:
    values = np.asarray(interpreter.get_tensor(detail["index"]), np.float32)
    how = detail["quantization_parameters"]
    scales, axis = how["scales"], how["quantized_dimension"]
    if not len(scales):
        return values
    shape = [-1 if dimension == axis else 1 for dimension in range(values.ndim)]
    return np.asarray((values - how["zero_points"].reshape(shape)) * scales.reshape(shape), np.float32)


def _weights(layer: keras.Layer, folded: _Folded) -> list[Floats]:
    """Raises ValueError where they are of another shape, or of a kind that is not folded."""
    if isinstance(layer, keras.layers.BatchNormalization):
        ones = np.ones_like(folded.bias)
        return [ones * np.sqrt(1 + layer.epsilon), folded.bias, ones * 0, ones]
    kernel = folded.kernel.reshape(layer.kernel.shape)
    return [kernel, folded.bias] if layer.use_bias else [kernel]


def _settle(network: keras.Model, faces: Floats) -> None:
    """Give every batch normalisation the statistics of what it reads, and undo them by its affine part: so
    training begins with what the network says now."""
    norms = [each for each in network.layers if isinstance(each, keras.layers.BatchNormalization)]
    inner = keras.Model(network.input, [each.input for each in norms])
    for norm, maps in zip(norms, inner.predict(faces, verbose=0), strict=True):
        _, bias, *_ = norm.get_weights()
        mean, variance = maps.mean((0, 1, 2)), maps.var((0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), bias + mean, mean, variance])
