import numpy as np
import pytest

from convert.export import to_mixed
from convert.flatbuffer import open_model, read_operators
from convert.layers import tensors_of
from convert.partitions import partitions
from convert.running import run_flatbuffer

PIXELS, SHARES = (1 / 128, 128), (1 / 256, 0)


@pytest.mark.parametrize(("kept", "first"), [("calm", "DEQUANTIZE"), ("reader", "QUANTIZE")])
def test_pixels_go_in_and_shares_come_out(kept, first, wild, wild_flatbuffers, calibration, crops):
    float32 = wild_flatbuffers["float32"]
    mixed = to_mixed(wild, calibration, tensors_of(float32, [kept]))
    interpreter = open_model(mixed)
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (given["dtype"], given["quantization"]) == (np.uint8, PIXELS)
    assert (answer["dtype"], answer["quantization"]) == (np.uint8, SHARES)
    operators = read_operators(mixed)
    assert (operators[0].name, operators[-1].name) == (first, "QUANTIZE")
    assert partitions(mixed).whole
    (runner,) = [interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()]
    assert [detail["dtype"] for detail in runner.get_input_details().values()] == [np.uint8]
    if kept == "calm":  # all from the first layer to the wild one's reader is exact
        kept_wild = to_mixed(wild, calibration, tensors_of(float32, ["calm", "wild"]))
        difference = run_flatbuffer(kept_wild, crops) - run_flatbuffer(float32, crops)
        assert np.abs(difference).max() < 0.03
