import json
from functools import partial

import cv2
import numpy as np
import pytest

from convert.bundle import Contents, golden_faces, write_bundle
from convert.card import expression_card
from edge import bundles
from edge.alignment import CropGeometry
from edge.bundles import Calibration
from edge.cameras.demo import CLIP
from edge.classifier import Classifier
from edge.errors import ModelCorruptError


def contents_of(quantisation, crops, record):
    return Contents(
        name="small",
        version="1.2.3",
        quantisation=quantisation,
        geometry=CropGeometry(16),
        mirror=False,
        calibration=Calibration(temperature=1.25, abstain_below=0.4),
        training={"data": "random pictures"},
        metrics=[{"set": "nothing", "value": 12.345, "protocol": "none"}],
        golden=crops[:6],
        card=partial(expression_card, record=record, data="ferplus", faces=96),
    )


@pytest.fixture(params=["int8", "float32"])
def written(request, flatbuffers, crops, record, tmp_path):
    return write_bundle(
        tmp_path / "small", flatbuffers[request.param], contents_of(request.param, crops, record)
    )


def test_written_bundle_is_whole(written):
    bundle = bundles.load(str(written.path))
    assert bundle.manifest == written.manifest
    assert bundle.manifest.version == "1.2.3"
    assert bundle.manifest.input.size == 16
    assert set(bundle.manifest.sha256) == {"model.tflite", "golden.npz", "MODEL_CARD.md"}
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "small 1.2.3" in card
    assert "| nothing | 12.35 | none |" in card or "| nothing | 12.34 | none |" in card
    assert "below 0.4 are marked as abstained" in card.replace("\n", " ")


def test_golden_answers_come_again(written, crops):
    with np.load(written.golden) as golden:
        inputs, expected = golden["inputs"], golden["probabilities"]
    assert np.array_equal(inputs, crops[:6])
    assert Classifier(bundles.load(str(written.path))).classify(inputs) == pytest.approx(expected, abs=1e-6)


def test_device_says_what_keras_said(written, crops, answers):
    said = Classifier(written).classify(crops)
    tolerance = 1e-4 if written.manifest.quantisation == "float32" else 0.03
    assert np.abs(said - answers).mean() < tolerance


@pytest.mark.parametrize("name", ["model.tflite", "golden.npz", "MODEL_CARD.md"])
def test_flipped_byte(name, written):
    file = written.path / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelCorruptError, match=rf"{name} is truncated or altered"):
        bundles.load(str(written.path))


def test_missing_file_and_changed_manifest(written):
    manifest = written.path / "manifest.json"
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(fields | {"labels_": []}))
    with pytest.raises(ModelCorruptError, match="labels_"):
        bundles.load(str(written.path))
    manifest.write_text(json.dumps(fields))
    written.golden.unlink()
    with pytest.raises(ModelCorruptError, match=r"golden\.npz is missing"):
        bundles.load(str(written.path))


def test_golden_faces_are_faces_of_the_clip():
    if not CLIP.is_file():
        pytest.skip(f"{CLIP} is absent")
    faces = golden_faces(CropGeometry(), 6)
    assert faces.shape == (6, 48, 48)
    assert faces.dtype == np.uint8
    # The second half wears a mask: below the eyes it differs from the first far more than above.
    first, last = (cv2.GaussianBlur(face, (0, 0), 2).astype(int) for face in (faces[0], faces[-1]))
    assert np.abs(last - first)[32:].mean() > 1.5 * np.abs(last - first)[10:24].mean()
