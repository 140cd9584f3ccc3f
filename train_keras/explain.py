"""Where a network looks: Grad-CAM, sensitivity to a moving patch, and what it shows of its inside.

Gradients with respect to inner maps need Keras on its TensorFlow backend (`tf.GradientTape`); the sensitivity
to a patch needs nothing but answers. The pictures are drawn by `train_keras.reporting.sheet`.
"""

from __future__ import annotations

from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from edge.errors import DependencyError
from edge.types import Floats, Image
from train_keras.batches import scale_pixels
from train_keras.data.faces import Rows
from train_keras.predicting import probabilities, resize_crops

# A last map of 2 x 2, as the slim CNN has at 48 px, says little about where; this many cells a side do.
LEAST_SIDE = 6
PATCH, STEPS = 0.25, 9
_GREY = _HALF = 128
_BATCH = 64


def grad_cam(
    model: keras.Model, crops: Image, classes: Rows | None = None, layer: str | None = None
) -> Floats:
    """Gradient-weighted class activation maps (Selvaraju et al., "Grad-CAM", 2017, equations 1 and 2).

    Args:
        crops: uint8 [N, S, S] grey, of any size.
        classes: int64 [N], the labels whose logits are explained; None for each face's answer.
        layer: whose map [B, h, w, C] is weighted; None for `last_map`.
    Returns:
        float32 [N, h, w], each scaled so that its peak is 1; all 0 where nothing speaks for the class.
    Raises:
        DependencyError: Keras runs on another backend than TensorFlow.
        ValueError: there is no such layer, or the answer does not depend on it.
    """
    tf = _tensorflow()
    layer = layer or last_map(model)
    inner = keras.Model(model.inputs, [_map_layer(model, layer).output, _scores(model)])
    faces = _inputs(model, crops)
    out = []
    for start in range(0, len(faces), _BATCH):
        with tf.GradientTape() as tape:
            maps, scores = inner([faces[start : start + _BATCH]], training=False)
            chosen = scores.numpy().argmax(1) if classes is None else classes[start : start + _BATCH]
            explained = tf.gather(scores, chosen, batch_dims=1)
        gradients = tape.gradient(explained, maps)
        if gradients is None:
            raise ValueError(f"the answer of {model.name} does not depend on layer {layer}: name another")
        weights = tf.reduce_mean(tf.cast(gradients, tf.float32), (1, 2), keepdims=True)
        out.append(tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), -1)).numpy())
    return to_peak(np.concatenate(out))


def last_map(model: keras.Model, least_side: int = LEAST_SIDE) -> str:
    """The name of the last layer on the way to the answer whose map has at least so many cells a side.

    Raises:
        ValueError: the network has none.
    """
    way = {layer.name for layer in _way_to(_scores(model))}
    for layer in reversed(model.layers):
        if layer.name in way and _is_map(layer, least_side):
            return str(layer.name)
    raise ValueError(f"{model.name} has no map of {least_side} x {least_side} or more: name a layer")


def sensitivity(
    model: keras.Model,
    crops: Image,
    classes: Rows | None = None,
    patch: float = PATCH,
    steps: int = STEPS,
) -> Floats:
    """How much a class loses when a grey patch hides a place (Zeiler and Fergus, 2014, section 4.2).

    Args:
        crops: uint8 [N, S, S] grey.
        classes: int64 [N]; None for each face's answer.
        patch: side of the patch as a share of the face's.
        steps: places a side; `steps` squared answers a face are computed.
    Returns:
        float32 [N, steps, steps], each scaled so that its peak is 1; gains count as 0.
    """
    if not 0 < patch < 1 or steps < 2:
        raise ValueError(f"patch {patch} and steps {steps}: expected 0 < patch < 1 and 2 steps or more")
    answers = probabilities(model, crops)
    chosen = answers.argmax(1) if classes is None else classes
    every = np.arange(len(crops))
    side, half = crops.shape[1], patch * crops.shape[1] / 2
    centres = (np.arange(steps) + 0.5) * side / steps
    edges = [(max(round(c - half), 0), round(c + half)) for c in centres]
    losses = np.zeros((len(crops), steps, steps), np.float32)
    for row, (top, bottom) in enumerate(edges):
        hidden = np.repeat(crops[None], steps, 0)
        for column, (left, right) in enumerate(edges):
            hidden[column, :, top:bottom, left:right] = _GREY
        found = probabilities(model, hidden.reshape(-1, side, side)).reshape(steps, len(crops), -1)
        losses[:, row] = (answers[every, chosen] - found[:, every, chosen]).T
    return to_peak(np.maximum(losses, 0))


def inner_output(model: keras.Model, crops: Image, layer: str) -> Floats:
    """What a layer answers to crops uint8 [N, S, S]: float32 [N, ...].

    Raises:
        ValueError: there is no such layer.
    """
    inner = keras.Model(model.inputs, _layer(model, layer).output)
    return np.asarray(inner.predict(_inputs(model, crops), batch_size=_BATCH, verbose=0), np.float32)


def share_outside(maps: Floats, covered: Image) -> npt.NDArray[np.float64]:
    """How much of each map lies where nothing covers the face.

    Args:
        maps: float32 [N, h, w], none below 0.
        covered: uint8 [N, S, S], coverage from 0 to 255 (the occlusion map); from 128 on a pixel is covered.
    Returns:
        float64 [N], 0 to 1; NaN for an empty map.
    """
    if len(maps) != len(covered):
        raise ValueError(f"{len(maps)} maps and {len(covered)} occlusion maps: expected as many")
    size = (covered.shape[2], covered.shape[1])
    large = np.stack([cv2.resize(m, size, interpolation=cv2.INTER_LINEAR) for m in maps])
    total = large.sum((1, 2), dtype=np.float64)
    outside = (large * (covered < _HALF)).sum((1, 2), dtype=np.float64)
    return np.divide(outside, total, out=np.full(len(maps), np.nan), where=total > 0)


def mean_share_above_mask(
    model: keras.Model, masked: Image, covered: Image, layer: str | None = None
) -> tuple[float, float]:
    """Mean share of Grad-CAM outside the mask, and the share of the picture there: what blind looking gets.

    Args:
        masked: uint8 [N, S, S], masked faces.
        covered: uint8 [N, S, S], their occlusion maps (`train_keras.occlusion.masked.masked_test`).
    """
    shares = share_outside(grad_cam(model, masked, layer=layer), covered)
    return float(np.nanmean(shares)), float((covered < _HALF).mean())


def to_peak(maps: Floats) -> Floats:
    """Scale maps [N, h, w], none below 0, to a peak of 1; empty ones stay."""
    peaks = maps.max((1, 2), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros_like(maps, np.float32), where=peaks > 0)


def _tensorflow() -> Any:
    if keras.backend.backend() != "tensorflow":
        raise DependencyError(
            f"Grad-CAM needs Keras's TensorFlow backend, this is {keras.backend.backend()}: "
            "set KERAS_BACKEND=tensorflow"
        )
    import tensorflow

    return tensorflow


def _scores(model: keras.Model) -> Any:
    """The logits' tensor: softmax flattens gradients where the answer is sure. Else the answer itself."""
    names = {layer.name for layer in model.layers}
    if "logits" in names:
        return model.get_layer("logits").output
    return model.output["expression"] if isinstance(model.output, dict) else model.outputs[0]


def _way_to(tensor: Any) -> list[Any]:
    """All layers a tensor is computed from."""
    seen: dict[int, Any] = {}
    waiting = [tensor]
    while waiting:
        operation = waiting.pop()._keras_history.operation
        if id(operation) not in seen:
            seen[id(operation)] = operation
            for node in operation._inbound_nodes:
                waiting += node.input_tensors
    return list(seen.values())


def _layer(model: keras.Model, name: str) -> Any:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{model.name} has no layer '{name}': one of {', '.join(names)}")
    return model.get_layer(name)


def _map_layer(model: keras.Model, name: str) -> Any:
    layer = _layer(model, name)
    if not _is_map(layer, 1):
        raise ValueError(f"layer {name} of {model.name} answers no map [B, h, w, C]: name a convolution")
    return layer


def _is_map(layer: Any, least_side: int) -> bool:
    if isinstance(layer, (keras.layers.InputLayer, keras.layers.Dropout)):
        return False
    shape = getattr(layer.output, "shape", ())
    return len(shape) == 4 and all(side is not None and side >= least_side for side in shape[1:3])


def _inputs(model: keras.Model, crops: Image) -> Floats:
    return scale_pixels(resize_crops(crops, model.input_shape[1]))
