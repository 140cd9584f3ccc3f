"""Looks into a TFLite flatbuffer, through the runtime of the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge.runtime import quiet_runtime, runtime


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a model.

    Attributes:
        name: of the built-in, such as CONV_2D.
        index: its place in the model.
        inputs, outputs: indices of tensors; those that are absent (-1) are left out.
        tensor: name of the first output; the same in every variant of a network.
    """

    name: str
    index: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensor: str


def open_model(flatbuffer: bytes, *, preserve: bool = False) -> Any:
    """An interpreter, allocated, on one thread.

    Args:
        preserve: keep what every operator computes, and run the built-in kernels instead of XNNPACK's.
    """
    module = runtime()
    options: dict[str, Any] = {}
    if preserve:
        plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        options = {"experimental_preserve_all_tensors": True, "experimental_op_resolver_type": plain}
    with quiet_runtime():
        interpreter = module.Interpreter(model_content=flatbuffer, num_threads=1, **options)
        interpreter.allocate_tensors()
    return interpreter


def read_operators(flatbuffer: bytes) -> list[Operator]:
    """The operators as they stand in the model, before any delegate takes them."""
    module = runtime()
    with quiet_runtime():
        interpreter = module.Interpreter(
            model_content=flatbuffer,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    names = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    return [as_operator(node, names) for node in interpreter._get_ops_details()]


def as_operator(node: Any, names: dict[int, str]) -> Operator:
    """A node of the runtime's, tensors named by index."""
    inputs, outputs = (tuple(int(t) for t in node[key] if t >= 0) for key in ("inputs", "outputs"))
    return Operator(node["op_name"], int(node["index"]), inputs, outputs, names.get(outputs[0], ""))
