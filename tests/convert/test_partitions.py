import keras
import numpy as np
import pytest

from convert.export import to_float16, to_float32, to_int8, to_mixed
from convert.flatbuffer import open_model, read_operators
from convert.gate import ONE_PIECE, kept_float, refuse_pieces
from convert.layers import tensors_of
from convert.partitions import Partitions, partitions
from edge.errors import ModelError
from train_keras.batches import scale_pixels
from train_keras.models import build
from train_keras.predicting import resize_crops


@pytest.mark.parametrize("variant", ["float32", "float16", "int8"])
def test_a_convolutional_network_is_one_piece(variant, flatbuffers):
    split = partitions(flatbuffers[variant])
    assert split.whole
    assert split.count == 1
    assert split.outside == (("QUANTIZE", "SOFTMAX", "QUANTIZE") if variant == "int8" else ())
    assert split.delegated + len(split.outside) == len(read_operators(flatbuffers[variant]))


def test_what_is_outside_is_run_by_the_builtin_kernels(flatbuffers):
    """A delegate keeps what it computes to itself; what the other kernels compute lies in the interpreter."""
    interpreter = open_model(flatbuffers["int8"])
    (given,) = interpreter.get_input_details()
    interpreter.set_tensor(given["index"], np.zeros(given["shape"], np.uint8))
    interpreter.invoke()
    seen = []
    for operator in read_operators(flatbuffers["int8"])[:-3]:
        try:
            interpreter.get_tensor(operator.outputs[0])
            seen.append(operator.name)
        except ValueError:
            pass
    assert seen == ["QUANTIZE"]


def test_weights_alone_in_int8_cut_a_network_at_its_depthwise_convolutions(flatbuffers):
    split = partitions(flatbuffers["dynamic"])
    assert set(split.outside) == {"DEPTHWISE_CONV_2D"}
    assert split.count > 1
    assert not split.whole


@pytest.fixture(scope="module")
def attentive():
    """Two pieces as integers: XNNPACK multiplies no int8 maps with each other."""
    x = inputs = keras.Input((16, 16, 1), name="face")
    x = keras.layers.Reshape((4, 64))(x)
    x = keras.layers.Dense(8)(x)
    x = keras.layers.Dot(2)([x, x])
    x = keras.layers.Dense(8)(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(7)(x))


def test_attention_as_integers_is_named(attentive, calibration):
    data = {"float32": to_float32(attentive), "int8": to_int8(attentive, calibration)}
    assert partitions(data["float32"]).whole
    split = partitions(data["int8"])
    assert "BATCH_MATMUL" in split.outside
    assert split.count == 2
    refuse_pieces("joint", data)
    with pytest.raises(
        ModelError, match=r"int8: 2 partitions of \d+ operators, outside: 1 BATCH_MATMUL, .* has to be"
    ):
        refuse_pieces("vit_student", data)


@pytest.mark.parametrize("builder", ["vit", "vit_student"])
def test_a_transformer_whose_attention_stays_float_is_one_piece(builder, crops):
    side, options = {
        "vit": (28, {"width": 16, "heads": 2, "blocks": 1}),
        "vit_student": (16, {"stem": (8, 8), "width": 16, "head": 16, "blocks": 1}),
    }[builder]
    model = build(builder, input_size=side, channels=1, **options)
    pictures = list(scale_pixels(resize_crops(crops, side))[:, None])
    float32 = to_float32(model)
    assert not partitions(to_int8(model, pictures)).whole
    data = {"float32": float32, "int8": to_mixed(model, pictures, tensors_of(float32, kept_float(builder)))}
    refuse_pieces(builder, data)
    assert {"BATCH_MATMUL", "SOFTMAX"}.isdisjoint(partitions(data["int8"]).outside)


NARROW = {
    "slim": {"bounded": True},
    "cbam": {"widths": [4, 6, 8, 10]},
    "dcnn": {"widths": [4, 6, 8], "hidden": 16},
    "vgg16": {"width": 1 / 16},
    "resnet18": {"width": 1 / 8},
    "shufflenet_v2": {"width": 0.5},
}


@pytest.mark.slow
@pytest.mark.parametrize("builder", [name for name in ONE_PIECE if name != "facet" and not kept_float(name)])
def test_what_is_asked_of_the_zoo_holds(builder, crops):
    """facet's maps are tested with its conversion."""
    options = NARROW.get(builder, {"width": 0.25})
    model = build(builder, input_size=32, channels=1, **options)
    pictures = scale_pixels(resize_crops(crops[:8], 32))
    refuse_pieces(builder, {
        "float32": to_float32(model),
        "float16": to_float16(model),
        "int8": to_int8(model, list(pictures[:, None])),
    })  # fmt: skip


def test_in_words():
    assert str(Partitions(30, 1, ())) == "1 partition of 30 operators"
    split = Partitions(93, 2, ("QUANTIZE", "SOFTMAX", "QUANTIZE"))
    assert str(split) == "2 partitions of 93 operators, outside: 2 QUANTIZE, 1 SOFTMAX"
