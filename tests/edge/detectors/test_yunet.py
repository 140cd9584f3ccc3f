from pathlib import Path

import pytest

from edge.detectors import open_detector
from edge.errors import ModelCorruptError, ModelMissingError

NETWORK = Path(__file__).parents[4] / "shared" / "weights" / "yunet_n_640_640.onnx"


def test_yunet_finds_the_bare_face(images):
    if not NETWORK.is_file():
        pytest.skip(f"{NETWORK} is no part of the repository")
    detector = open_detector(f"yunet:{NETWORK}")
    found = [detector.detect(image) for image in images[: len(images) // 2]]
    assert sum(bool(faces) for faces in found) >= 0.9 * len(found)
    for faces in found:
        for face in faces:
            assert face.landmarks.shape == (5, 2)
            assert face.landmarks[0, 0] < face.landmarks[1, 0]


def test_networks_that_cannot_be_loaded(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing of use" * 50)
    with pytest.raises(ModelMissingError):
        open_detector(f"yunet:{tmp_path / 'none.onnx'}")
    with pytest.raises(ModelCorruptError):
        open_detector(f"yunet:{bad}")
