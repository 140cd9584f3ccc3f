import doctest

import numpy as np
import pytest

import edge.detectors.centerface
from edge.detectors import CENTERFACE, open_detector
from edge.detectors.boxes import iou
from edge.detectors.centerface import CenterFace, decode, input_size
from edge.errors import ModelCorruptError, ModelMissingError


def test_centerface_finds_the_face_bare_and_masked(images):
    detector = open_detector("centerface")
    half = len(images) // 2
    for part in (images[:half], images[half:]):
        found = [detector.detect(image) for image in part]
        assert sum(bool(faces) for faces in found) >= 0.9 * len(part)
    for image in images[:4]:
        height, width = image.shape[:2]
        for face in detector.detect(image):
            assert face.box.dtype == np.float32
            assert face.landmarks.shape == (5, 2)
            assert 0 <= face.box[0] < face.box[2] <= width
            assert 0 <= face.box[1] < face.box[3] <= height
            eye, other_eye, nose, mouth, other_mouth = face.landmarks
            assert eye[0] < other_eye[0]
            assert mouth[0] < other_mouth[0]
            assert eye[1] < nose[1] < mouth[1]


def test_centerface_finds_the_same_box_at_any_input_size(images):
    boxes = [CenterFace(CENTERFACE, side).detect(images[0])[0].box for side in (256, 320, 640)]
    for box in boxes[1:]:
        assert iou(boxes[0][np.newaxis], box[np.newaxis])[0, 0] > 0.75


def test_centerface_sees_nothing_in_an_empty_picture_of_any_shape():
    detector = CenterFace(CENTERFACE)
    for shape in ((360, 640), (40, 50), (7, 900), (900, 7)):
        assert detector.detect(np.full((*shape, 3), 128, np.uint8)) == []


def test_centerface_does_not_mind_what_size_it_saw_before(images):
    pictures = [images[0], images[0][:, 100:], images[0][::2, ::2], images[0]]
    detector = CenterFace(CENTERFACE)
    for picture in pictures:
        seen, fresh = detector.detect(picture), CenterFace(CENTERFACE).detect(picture)
        assert [face.box.tolist() for face in seen] == [face.box.tolist() for face in fresh]
        assert fresh


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
