"""Weights and nodes of an ONNX file, read with the protobuf runtime that TensorFlow brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)

from edge.errors import ModelCorruptError
from edge.types import Floats

# The part of onnx.proto that is read: message, then field, number, type (itself a message's name), repeated.
_SCHEMA: dict[str, list[tuple[str, int, str, bool]]] = {
    "Model": [("graph", 7, "Graph", False)],
    "Graph": [
        ("node", 1, "Node", True),
        ("initializer", 5, "Tensor", True),
        ("output", 12, "Value", True),
    ],
    "Node": [("input", 1, "string", True), ("output", 2, "string", True), ("op_type", 4, "string", False)],
    "Tensor": [
        ("dims", 1, "int64", True),
        ("data_type", 2, "int32", False),
        ("name", 8, "string", False),
        ("raw_data", 9, "bytes", False),
    ],
    "Value": [("name", 1, "string", False)],
}
_FLOAT = 1


@dataclass(frozen=True, slots=True)
class Node:
    """An operator: its type and the names of what goes in and comes out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def messages() -> dict[str, Any]:
    """The message classes, by their names in the schema."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="mien_onnx.proto", package="mien_onnx", syntax="proto2")
    for name, fields in _SCHEMA.items():
        kind = file.message_type.add(name=name)
        for field, number, of, repeated in fields:
            label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            made = kind.field.add(name=field, number=number, label=label)
            if of in _SCHEMA:
                made.type, made.type_name = kinds.TYPE_MESSAGE, f".mien_onnx.{of}"
            else:
                made.type = kinds.Type.Value(f"TYPE_{of.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"mien_onnx.{name}"))
        for name in _SCHEMA
    }


def read_onnx(data: bytes) -> tuple[dict[str, Floats], list[Node]]:
    """The float32 weights by name, and the nodes in order; weights of other types are left out.

    Raises:
        ModelCorruptError: not ONNX, without such weights, or one is not within the file.
    """
    model = messages()["Model"]()
    try:
        model.ParseFromString(data)
    except message.DecodeError as error:
        raise ModelCorruptError(f"not an ONNX file: {error}") from error
    weights = {t.name: _array(t) for t in model.graph.initializer if t.data_type == _FLOAT}
    if not weights:
        raise ModelCorruptError("an ONNX file without float32 weights")
    return weights, [Node(n.op_type, tuple(n.input), tuple(n.output)) for n in model.graph.node]


def with_output(data: bytes, name: str) -> bytes:
    """The same ONNX file with one more output, a tensor inside the network.

    Protobuf merges what is written one after the other, so that nothing need be written again.
    """
    model = messages()["Model"]()
    model.graph.output.add(name=name)
    return data + model.SerializeToString()


def _array(tensor: Any) -> Floats:
    expected = 4 * int(np.prod(tensor.dims))
    if len(tensor.raw_data) != expected:
        raise ModelCorruptError(
            f"ONNX weight {tensor.name}: {len(tensor.raw_data)} bytes, its shape needs {expected}"
        )
    return np.frombuffer(tensor.raw_data, "<f4").reshape(tuple(tensor.dims))
