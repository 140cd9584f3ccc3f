import doctest

import numpy as np
import pytest

import edge.detectors.centerface
from edge.detectors import open_detector
from edge.detectors.centerface import decode, input_size
from edge.errors import ModelCorruptError, ModelMissingError


def test_decoding_puts_boxes_and_landmarks_where_the_maps_say():
    heat, scale = np.zeros((1, 1, 8, 10), np.float32), np.zeros((1, 2, 8, 10), np.float32)
    offset, marks = np.zeros((1, 2, 8, 10), np.float32), np.zeros((1, 10, 8, 10), np.float32)
    heat[0, 0, 3, 5] = 0.9
    scale[0, :, 3, 5] = np.log([4, 2])
    offset[0, :, 3, 5] = 0.25, -0.25
    marks[0, 0::2, 3, 5] = 0.5
    marks[0, 1::2, 3, 5] = 0.25
    boxes, scores, landmarks = decode(heat, scale, offset, marks, 0.5)
    assert boxes.tolist() == [[17, 7, 25, 23]]
    assert scores.tolist() == pytest.approx([0.9])
    assert landmarks.tolist() == [[[19, 15]] * 5]
    assert decode(heat, scale, offset, marks, 0.95)[0].shape == (0, 4)


@pytest.mark.parametrize(
    ("picture", "longest", "expected"),
    [
        ((640, 360), 320, (320, 192)),
        ((100, 60), 320, (128, 64)),
        ((360, 640), 320, (192, 320)),
        ((5, 5), 320, (32, 32)),
    ],
)
def test_input_size_is_a_multiple_of_32(picture, longest, expected):
    assert input_size(*picture, longest) == expected


def test_networks_that_cannot_be_loaded(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing of use" * 50)
    with pytest.raises(ModelMissingError):
        open_detector(f"centerface:{tmp_path / 'none.onnx'}")
    with pytest.raises(ModelCorruptError):
        open_detector(f"centerface:{bad}")


def test_examples():
    assert doctest.testmod(edge.detectors.centerface).failed == 0
