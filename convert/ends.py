"""Integer ends for a network whose middle the converter left partly float."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from convert.metadata import MODEL_IDENTIFIER

LARGEST_OLD_CODE = 127  # the first schema had a byte for an operator's code
FACE, ANSWER = b"face", b"answer"


def with_integer_ends(flatbuffer: bytes, scale: float, offset: float) -> bytes:
    """The same network, reading uint8 pixels and answering uint8 shares, 256 for one.

    A quantisation at either end is the first and the last operator then, as `to_int8` makes them.

    Args:
        flatbuffer: of one float32 input, pixel * scale + offset, and one float32 output in 0…1.
    """
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    (graph,) = model.subgraphs
    (old,), (last,) = graph.inputs, graph.outputs
    given, answer = _like(graph.tensors[old], FACE), _like(graph.tensors[last], ANSWER)
    _quantise(given, scale, round(-offset / scale))
    _quantise(answer, 1 / 256, 0)
    graph.tensors += [given, answer]
    first, after = len(graph.tensors) - 2, len(graph.tensors) - 1

    readers = [each for each in graph.operators if old in each.inputs]
    if all(_code(model, each) == schema.BuiltinOperator.QUANTIZE for each in readers):
        for each in readers:
            each.inputs = [first]
    else:
        graph.operators.insert(0, _operator(model, schema.BuiltinOperator.DEQUANTIZE, first, old))
    graph.operators.append(_operator(model, schema.BuiltinOperator.QUANTIZE, last, after))
    graph.inputs, graph.outputs = [first], [after]
    for signature in model.signatureDefs or ():
        (signature.inputs[0].tensorIndex,) = graph.inputs
        (signature.outputs[0].tensorIndex,) = graph.outputs
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), MODEL_IDENTIFIER)
    return bytes(builder.Output())


def _like(tensor: Any, name: bytes) -> Any:
    made = schema.TensorT()
    made.name, made.shape, made.shapeSignature = name, tensor.shape, tensor.shapeSignature
    made.buffer = 0  # the empty one
    return made


def _quantise(tensor: Any, scale: float, zero: int) -> None:
    tensor.type = schema.TensorType.UINT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = np.array([scale], np.float32)
    tensor.quantization.zeroPoint = np.array([zero], np.int64)


def _code(model: Any, operator: Any) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def _operator(model: Any, code: int, given: int, made: int) -> Any:
    """A new operator of one input and one output; it is known to the model thereafter."""
    known = schema.OperatorCodeT()
    known.builtinCode, known.deprecatedBuiltinCode, known.version = code, min(code, LARGEST_OLD_CODE), 1
    model.operatorCodes.append(known)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = [given], [made]
    return operator
