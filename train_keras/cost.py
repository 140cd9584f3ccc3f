"""What a network costs: floating-point operations of its convolutions and products."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import tensorflow as tf


def gflops(model: keras.Model) -> float:
    """2 x multiply-accumulates of convolutions, dense layers and attention for one picture, in 1e9.

    Elementwise work (activations, normalisation, pooling, biases) is left out, as the papers do. Counted in
    the graph of one forward pass, so that nested models, layers called twice and products inside a custom
    layer count as often as they are computed.

    Args:
        model: one input; all its dimensions but the batch known.
    Raises:
        ValueError: the input has an unknown dimension.
    """
    shape = model.input_shape[1:]
    if None in shape:
        raise ValueError(f"the cost depends on the input's size: build the model with one, got {shape}")
    forward = tf.function(lambda picture: model(picture, training=False))
    graph = forward.get_concrete_function(tf.TensorSpec((1, *shape), model.inputs[0].dtype)).graph
    return 2e-9 * _in_graph(graph)


def _in_graph(graph: Any) -> int:
    return sum(_multiply_accumulates(operation, graph) for operation in graph.get_operations())


def _multiply_accumulates(operation: Any, graph: Any) -> int:
    match operation.type:
        case "Conv2D":
            # A grouped convolution's kernel holds the channels of one group, so this is right for it too.
            return _size(operation.outputs[0]) * prod(operation.inputs[1].shape[:3])
        case "DepthwiseConv2dNative":
            return _size(operation.outputs[0]) * prod(operation.inputs[1].shape[:2])
        case "Conv2DBackpropInput":  # the transposed convolution
            return _size(operation.inputs[2]) * prod(operation.inputs[1].shape[:3])
        case "MatMul" | "BatchMatMulV2":
            transposed = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
            return _size(operation.outputs[0]) * int(operation.inputs[0].shape[-2 if transposed else -1])
        case "Einsum":
            return _size(operation.outputs[0]) * _contracted(operation)
        case "PartitionedCall" | "StatefulPartitionedCall":
            return _in_graph(graph._get_function(operation.get_attr("f").name).graph)
    return 0


def _size(tensor: Any) -> int:
    return prod(tensor.shape)


def _contracted(einsum: Any) -> int:
    """Product of the sizes that the sum runs over: of the first factor's labels that the answer lacks."""
    factors, answer = einsum.get_attr("equation").decode().split("->")
    before, _, after = factors.split(",")[0].partition("...")
    shape = einsum.inputs[0].shape
    sizes = [*zip(before, shape, strict=False), *zip(after[::-1], shape[::-1], strict=False)]
    return prod(size for label, size in sizes if label not in answer)
