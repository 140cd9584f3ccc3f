"""What of a model the runtime's XNNPACK delegate takes over, and what it leaves to the built-in kernels."""

from __future__ import annotations

from dataclasses import dataclass

from convert.flatbuffer import Operator, as_operator, open_model
from edge.errors import ModelError

# What XNNPACK leaves at the ends of an int8 network: it has no conversion from uint8 to int8 and back, and no
# softmax of integers. They take some microseconds; anything else outside cuts the network into pieces.
ENDS = frozenset({"QUANTIZE", "SOFTMAX"})
DELEGATE = "DELEGATE"


@dataclass(frozen=True, slots=True)
class Partitions:
    """How a flatbuffer is split between XNNPACK and the built-in kernels.

    Attributes:
        delegated: number of operators that run in XNNPACK.
        count: number of pieces they run in; between two of them the runtime changes over.
        outside: names of the operators left to the built-in kernels, in the order of the model.
    """

    delegated: int
    count: int
    outside: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether all of the network but its ends is one piece."""
        return self.count == 1 and ENDS.issuperset(self.outside)

    def __str__(self) -> str:
        pieces = "1 partition" if self.count == 1 else f"{self.count} partitions"
        names = sorted(set(self.outside))
        left = ", ".join(f"{self.outside.count(name)} {name}" for name in names)
        return f"{pieces} of {self.delegated} operators" + (f", outside: {left}" if left else "")


def partitions(flatbuffer: bytes) -> Partitions:
    """How the device's runtime splits a model; nothing is run for it.

    Raises:
        ModelError: the runtime has no XNNPACK delegate.
    """
    interpreter = open_model(flatbuffer)
    nodes = [as_operator(node, {}) for node in interpreter._get_ops_details()]
    pieces = [node for node in nodes if node.name == DELEGATE]
    if not pieces:
        raise ModelError("the runtime took nothing into XNNPACK: install ai-edge-litert, with its delegates")
    operators = [node for node in nodes if node.name != DELEGATE]
    makers = {tensor: node for node in operators for tensor in node.outputs}
    inside = {index for piece in pieces for index in _between(piece, makers)}
    outside = tuple(node.name for node in operators if node.index not in inside)
    return Partitions(len(operators) - len(outside), len(pieces), outside)


def _between(piece: Operator, makers: dict[int, Operator]) -> set[int]:
    """The operators a piece stands for: those on the way from its outputs back to its inputs."""
    left, found = list(piece.outputs), set[int]()
    while left:
        tensor = left.pop()
        if tensor in piece.inputs or tensor not in makers or makers[tensor].index in found:
            continue
        found.add(makers[tensor].index)
        left += makers[tensor].inputs
    return found
