import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.export import operators, with_temperature
from convert.parity import run_flatbuffer
from train_keras.batches import scale_pixels


@pytest.fixture(scope="module")
def details(flatbuffers):
    """Every tensor of the int8 model."""
    interpreter = Interpreter(model_content=flatbuffers["int8"])
    interpreter.allocate_tensors()
    return (
        interpreter.get_input_details()[0],
        interpreter.get_output_details()[0],
        interpreter.get_tensor_details(),
    )


def test_builtin_operators_only(flatbuffers):
    for variant, data in flatbuffers.items():
        names = operators(data)
        assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"} <= set(names)
        assert ("DEQUANTIZE" in names) == (variant == "float16")  # of its weights
    assert operators(flatbuffers["int8"]).count("QUANTIZE") <= 2  # uint8 in and out


def test_int8_takes_raw_pixels(details):
    given, answer, _ = details
    assert given["dtype"] == answer["dtype"] == np.uint8
    assert given["quantization"] == (1 / 128, 128)
    assert given["shape"].tolist() == [1, 16, 16, 1]
    assert answer["shape"].tolist() == [1, 7]


def test_int8_is_integer_throughout_and_per_channel(details, network):
    tensors = details[2]
    assert {np.dtype(tensor["dtype"]).name for tensor in tensors} <= {"int8", "uint8", "int32"}
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    convolutions = [layer for layer in network.layers if isinstance(layer, kinds)]
    per_channel = [
        tensor
        for tensor in tensors
        if tensor["dtype"] == np.int8
        and len(tensor["shape"]) == 4
        and len(scales := tensor["quantization_parameters"]["scales"]) > 1
        and len(scales) == tensor["shape"][tensor["quantization_parameters"]["quantized_dimension"]]
    ]
    # The 1x1 and 7x7 convolutions with one channel out have one scale by nature.
    wide = [layer for layer in convolutions if layer.output.shape[-1] > 1]
    assert len(per_channel) == len(wide) > 20


def test_float32_is_keras(flatbuffers, crops, answers):
    assert run_flatbuffer(flatbuffers["float32"], crops) == pytest.approx(answers, abs=1e-4)


def test_int8_agrees_with_keras(flatbuffers, crops, answers):
    quantised = run_flatbuffer(flatbuffers["int8"], crops)
    assert len(set(answers.argmax(1))) >= 5  # a network that always says the same would agree too
    assert np.mean(quantised.argmax(1) == answers.argmax(1)) > 0.85
    assert np.abs(quantised - answers).mean() < 0.03


@pytest.mark.parametrize(("variant", "bits", "tolerance"), [("float16", 16, 0.01), ("dynamic", 8, 0.1)])
def test_smaller_weights_and_float_ends(variant, bits, tolerance, flatbuffers, network, crops, answers):
    interpreter = Interpreter(model_content=flatbuffers[variant])
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    assert [end["dtype"] for end in ends] == [np.float32, np.float32]
    kernels = network.get_layer("head_conv").count_params()
    stored = {np.dtype(t["dtype"]).itemsize * 8 for t in interpreter.get_tensor_details()
              if np.prod(t["shape"]) == kernels}  # fmt: skip
    assert bits in stored
    assert len(flatbuffers[variant]) < (bits / 32 + 0.1) * len(flatbuffers["float32"])
    assert run_flatbuffer(flatbuffers[variant], crops) == pytest.approx(answers, abs=tolerance)


@pytest.mark.parametrize("temperature", [0.5, 1.7])
def test_temperature_divides_the_logits(temperature, network, crops, answers):
    faces = scale_pixels(crops)
    logits = np.asarray(keras.Model(network.input, network.get_layer("logits").output)(faces, training=False))
    exponentials = np.exp(logits / temperature)
    expected = exponentials / exponentials.sum(1, keepdims=True)
    assert np.asarray(with_temperature(network, temperature)(faces, training=False)) == pytest.approx(
        expected, abs=1e-5
    )
    assert np.array_equal(np.asarray(network(faces, training=False)), answers)  # the original is untouched
