import numpy as np
import pytest

from convert.export import operators, to_mixed
from convert.gate import refuse_loss
from convert.layers import first_growth, layer_errors, layer_of, tensors_of
from convert.partitions import partitions
from convert.running import run_flatbuffer
from edge.errors import ConfigError, QuantisationError


def pictures(crops):
    return crops[:16, ..., np.newaxis]


def agreement(first, second, crops):
    answers = [run_flatbuffer(data, crops).argmax(1) for data in (first, second)]
    return np.mean(answers[0] == answers[1])


def test_a_sound_network_loses_little_anywhere(flatbuffers, crops):
    errors = layer_errors(flatbuffers["float32"], flatbuffers["int8"], pictures(crops))
    assert len(errors) > 30
    assert errors[0].before == 0
    assert 0 < errors[0].error < 0.05
    assert errors[0].layer.startswith("stem")
    same = layer_errors(flatbuffers["float32"], flatbuffers["float32"], pictures(crops))
    assert {each.error for each in same} == {0}


def test_the_wild_layer_is_found(wild_flatbuffers, crops):
    errors = layer_errors(wild_flatbuffers["float32"], wild_flatbuffers["int8"], pictures(crops))
    by_layer = {each.layer: each.error for each in errors}
    assert by_layer["calm"] < 0.05
    assert by_layer["wild"] > 0.5
    assert first_growth(errors).layer == "wild"


def test_a_wild_layer_kept_float_costs_nothing_more(wild, wild_flatbuffers, calibration, crops):
    kept = tensors_of(wild_flatbuffers["float32"], ["wild"])
    assert [layer_of(tensor) for tensor in kept] == ["wild", "reader"]
    mixed = to_mixed(wild, calibration, kept)
    assert agreement(wild_flatbuffers["float32"], wild_flatbuffers["int8"], crops) < 0.8
    assert agreement(wild_flatbuffers["float32"], mixed, crops) > 0.95
    assert partitions(mixed).whole
    assert operators(mixed).count("DEQUANTIZE") == 2  # back to float for the two, and for the softmax


def test_refused_with_the_layer_and_the_mend(wild_flatbuffers, crops):
    losses = {"bare faces": 0.2, "masked faces": 2.314}
    refuse_loss(losses, 2.4, wild_flatbuffers, pictures(crops))
    wanted = (
        r"int8 loses 2\.31 points on masked faces, more than 0\.5; the error grows first at 'wild' "
        r"\(RMSE over standard deviation 0\.0\d before it, \d\.\d\d behind it\): try --keep-float wild$"
    )
    with pytest.raises(QuantisationError, match=wanted) as refusal:
        refuse_loss(losses, 0.5, wild_flatbuffers, pictures(crops))
    assert refusal.value.exit_code == 26


def test_layers_by_name(flatbuffers, wild_flatbuffers):
    data = flatbuffers["float32"]
    (head, pool) = tensors_of(data, ["head_conv"])
    assert tensors_of(data, ["head_relu"]) == tensors_of(data, [head]) == [head, pool]
    every = tensors_of(wild_flatbuffers["float32"], ["CONV_2D"])
    assert len(every) == 4  # three of them, and what reads the last


@pytest.mark.parametrize("name", ["wilt", "", "logits;"])
def test_no_such_layer(name, wild_flatbuffers):
    with pytest.raises(ConfigError, match=rf"--keep-float {name}: the network has no such layer: try \w+"):
        tensors_of(wild_flatbuffers["float32"], [name])


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("net_1/stem_relu_1/Relu;net_1/stem_conv_1/convolution", "stem_conv"),
        ("net_1/block1_project_conv_1/convolution2", "block1_project_conv"),
        ("net_1/Mean", "Mean"),
        ("StatefulPartitionedCall_1:0", "StatefulPartitionedCall_1:0"),
    ],
)
def test_the_layer_of_a_tensor(tensor, layer):
    assert layer_of(tensor) == layer
