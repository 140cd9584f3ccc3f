import cv2
import numpy as np
import pytest

from edge.alignment import CropGeometry, crop_face
from edge.bundles import load
from edge.classifier import Classifier
from edge.types import Face
from train_keras.data.lfw import read_lfw
from train_keras.framing import (
    DEFAULT,
    EITHER_WAY,
    FRAME,
    FRAMINGS,
    GAIN,
    HAND,
    SCALE,
    SIZES,
    SPREAD,
    jitter_curves,
    nearest,
    place,
    size_table,
    whole_path,
)
from train_keras.occlusion.masked import quiet


def face_at(x, y, score=0.9):
    return Face(np.array([x - 20, y - 25, x + 20, y + 25], np.float32), score)


@pytest.mark.parametrize("size", [48, 104, 300])
def test_placed_in_the_middle(size):
    picture = np.full((104, 104), 30, np.uint8)
    picture[40:64, 40:64] = 220
    frame = place(picture, size)
    assert frame.shape == (*FRAME, 3)
    assert frame.dtype == np.uint8
    middle = frame[240 - size // 2 : 240 + size // 2, 320 - size // 2 : 320 + size // 2, 0]
    shrunk = cv2.resize(picture, middle.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(middle.astype(int) - shrunk).mean() < 3


def testnearest_is_the_surest_on_the_placed_picture():
    aside, sure, unsure = face_at(100, 100, 0.99), face_at(325, 238, 0.8), face_at(318, 240, 0.5)
    assert nearest([aside, sure, unsure], 104) is sure
    assert nearest([aside, face_at(320, 200), face_at(360, 240)], 104) is None
    assert nearest([], 104) is None


def test_framings_agree_on_a_face_that_lies_right():
    """Landmarks exactly on the template, so that every way of cutting should give about the same picture."""
    geometry = CropGeometry()
    rng = np.random.default_rng(0)
    picture = cv2.resize(
        rng.integers(0, 255, (12, 12), dtype=np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC
    )
    marks = np.asarray(geometry.template, np.float32) * 96 - 0.5
    face = Face(np.array([10, 5, 86, 91], np.float32), 0.9, marks)
    expected = crop_face(picture, face).astype(int)
    for name in ("five landmarks, upright", "two eyes"):
        assert np.abs(FRAMINGS[name](picture, face, geometry) - expected).max() <= 1, name
    for name, cut in FRAMINGS.items():
        assert cut(picture, face, geometry).shape == (48, 48), name


def test_the_table_tells_what_the_devices_own_crop_costs():
    named = dict.fromkeys((HAND, *FRAMINGS), 0.75) | {DEFAULT: 0.74}
    lines = size_table({
        ("bare", 48): {"found": 0.99, GAIN: -0.01, EITHER_WAY: 0.015, SCALE: 0.94, SPREAD: 0.07} | named,
        ("masked", 48): {"found": 0.0},
    }).splitlines()  # fmt: skip
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| bare | 48 | 99.0 | 75.0 | 74.0 |")
    assert lines[2].endswith("| -1.0 ± 1.5 | 0.94 ± 0.07 |")
    assert lines[3].endswith("| - | - |")


@pytest.mark.usefixtures("landmarks68")
@pytest.mark.parametrize("model", ["slim", "cbam"])
def test_faces_are_cut_to_the_size_that_the_model_reads(model, shared, ferplus):
    """48 and 64 px."""
    classifier = Classifier(load(model))
    table = whole_path(classifier, read_lfw(shared / "lfw_expressions.zip", 2, 1), quiet)
    assert set(table) == {(state, size) for state in ("bare", "masked") for size in SIZES}
    row = table["bare", 160]
    assert row["found"] > 0.5
    assert row[SCALE] == pytest.approx(1, abs=0.15), "the two crops hold much the same of a face"
    assert 0 < row[SPREAD] < 0.3
    curves = jitter_curves(classifier, ferplus.images[:64], ferplus.classes[:64])
    assert curves["shifted"][0] == curves["scaled"][0] > 0.5
