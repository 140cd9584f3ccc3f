import numpy as np
import pytest

from edge.errors import ModelCorruptError
from train_keras.onnx_file import Node, messages, read_onnx, with_output

RAW = np.arange(6, dtype="<f4").tobytes()


def a_file(data_type=1, raw=RAW):
    model = messages()["Model"]()
    model.graph.initializer.add(name="w", dims=[2, 3], data_type=data_type, raw_data=raw)
    model.graph.node.add(op_type="MatMul", input=["x", "w"], output=["y"])
    model.graph.output.add(name="y")
    return model.SerializeToString()


def test_weights_and_nodes():
    weights, nodes = read_onnx(a_file())
    assert list(weights) == ["w"]
    assert np.array_equal(weights["w"], [[0, 1, 2], [3, 4, 5]])
    assert nodes == [Node("MatMul", ("x", "w"), ("y",))]


def test_bytes_as_the_format_writes_them():
    """Field 7 of a model is its graph, field 5 of that a tensor: written by hand."""
    tensor = b"\x08\x01" + b"\x10\x01" + b"\x42\x01w" + b"\x4a\x04" + np.float32(2.5).tobytes()
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    weights, nodes = read_onnx(b"\x08\x07" + b"\x3a" + bytes([len(graph)]) + graph)
    assert weights["w"].tolist() == [2.5]
    assert nodes == []


def test_a_real_file(shared):
    weights, nodes = read_onnx((shared.parent / "weights/yunet_n_640_640.onnx").read_bytes())
    assert sum(array.size for array in weights.values()) > 50_000
    assert sum(node.op == "Conv" for node in nodes) > 30


def test_one_more_output():
    model = messages()["Model"]()
    model.ParseFromString(with_output(a_file(), "hidden"))
    assert [value.name for value in model.graph.output] == ["y", "hidden"]
    assert len(model.graph.node) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xff\xff", "not an ONNX file"),
        (b"", "without float32 weights"),
        (a_file(data_type=10), "without float32 weights"),
        (a_file(raw=b"1234"), "weight w: 4 bytes, its shape needs 24"),
    ],
)
def test_unusable(data, reason):
    with pytest.raises(ModelCorruptError, match=reason):
        read_onnx(data)
