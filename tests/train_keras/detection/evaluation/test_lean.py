import numpy as np
import pytest

from edge.errors import DataError
from edge.types import Face
from train_keras.detection.evaluation import tables
from train_keras.detection.evaluation.lean import (
    FRAME,
    SIZE,
    TURNS,
    Leans,
    eye_line,
    faces_to_turn,
    lean_figures,
    measure_lean,
    stand_turned,
    summarise,
)
from train_keras.detection.evaluation.report import write_lean

MIDDLE = np.array(FRAME) / 2


def crop_with_eyes():
    """48 x 48: a light face with two dark eyes on a level line."""
    crop = np.full((48, 48), 200, np.uint8)
    crop[18:22, 12:16] = crop[18:22, 32:36] = 10
    return crop


class Eyes:
    """Sees the two dark spots of `crop_with_eyes`, and tells a share of how their line leans.

    Args:
        share: of the true lean.
        above: says nothing of faces that lean by more degrees.
        aside: px by which its box lies beside the face.
    """

    name = "eyes"

    def __init__(self, share=1.0, above=90.0, aside=0.0, landmarks=True):
        self.share, self.above, self.aside, self.landmarks = share, above, aside, landmarks

    def detect(self, image):
        rows, columns = np.nonzero(image[..., 0] < 100)
        line = np.stack([columns, rows], 1)
        left, right = (line[chosen].mean(0) for chosen in (columns < MIDDLE[0], columns >= MIDDLE[0]))
        angle = np.arctan2(*(right - left)[::-1])
        if abs(np.degrees(angle)) > self.above:
            return []
        told, half = angle * self.share, SIZE / 2
        step = 20 * np.array([np.cos(told), np.sin(told)])
        marks = np.float32([MIDDLE - step, MIDDLE + step, MIDDLE, MIDDLE, MIDDLE])
        box = np.float32([*(MIDDLE - half), *(MIDDLE + half)]) + np.float32([self.aside, 0, self.aside, 0])
        return [Face(box, 0.9, marks if self.landmarks else None)]


@pytest.mark.parametrize("degrees", [0, 10, -30])
def test_faces_turn_clockwise_about_the_middle(degrees):
    picture = stand_turned(crop_with_eyes(), degrees)
    assert (picture.shape, picture.dtype) == ((480, 640, 3), np.uint8)
    (face,) = Eyes().detect(picture)
    assert eye_line(face.landmarks) == pytest.approx(degrees, abs=0.7)


def test_nothing_beside_the_face_turns():
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    upright, turned = (stand_turned(crop, degrees).astype(int) for degrees in (0, 25))
    y, x = np.mgrid[:480, :640]
    beside = np.hypot(x - 319.5, y - 239.5) > SIZE / 2
    assert (upright[beside] == turned[beside]).all()
    assert np.ptp(upright[beside]) == 0
    assert not (upright[~beside] == turned[~beside]).all()


@pytest.mark.parametrize("shape", [(48, 40), (48, 48, 3)])
def test_crops_of_another_kind(shape):
    with pytest.raises(ValueError, match="grey square"):
        stand_turned(np.zeros(shape, np.uint8), 0)


@pytest.mark.parametrize(("share", "error"), [(1.0, 0), (0.5, 10), (0.0, 20)])
def test_slope_and_error_by_hand(share, error):
    figures = summarise(measure_lean(Eyes(share), np.stack([crop_with_eyes()] * 2)))
    assert figures["found"] == 1
    assert figures["slope"] == pytest.approx(share, abs=0.03)
    assert figures["error"] == pytest.approx(error, abs=0.7)
    assert list(figures["told"]) == [f"{turn:g}" for turn in TURNS]
    assert figures["told"]["30"] == pytest.approx(30 * share, abs=0.7)


def test_faces_that_are_not_found():
    crops = crop_with_eyes()[None]
    assert summarise(measure_lean(Eyes(above=15), crops))["found"] == pytest.approx(1 / 3)
    nothing = summarise(measure_lean(Eyes(aside=100), crops))
    assert nothing["found"] == 0
    assert np.isnan(nothing["slope"])
    assert nothing["told"] == {}


def test_lean_across_the_half_turn():
    """Landmarks that say 170 for -170 are 20 degrees away, not 340."""
    assert summarise(Leans(np.float32([170]), np.float32([-170]), 1))["error"] == pytest.approx(20)


def test_detectors_side_by_side():
    faces = {"bare": crop_with_eyes()[None], "masked": crop_with_eyes()[None]}
    detectors = {"sharp": Eyes(), "blind": Eyes(aside=100), "boxes": Eyes(landmarks=False)}
    figures = lean_figures(detectors, faces)
    assert list(figures) == ["sharp", "blind"]
    assert list(figures["sharp"]) == ["bare", "masked"]
    lines = tables.lean(figures).splitlines()
    assert lines[2].startswith("| sharp | 1.00 | 0.")
    assert lines[3] == "| blind | - | - | 0.0 | - | - | 0.0 |"
    report = write_lean({"lean": {"faces": 1, "detectors": figures}, "not_run": {"YuNet 320": "no file"}})
    assert "turned by 10 / 20 / 30 degrees" in report
    assert "- YuNet 320: no file" in report


def test_faces_to_turn_are_the_same_bare_and_masked(shared, landmarks68):
    faces = faces_to_turn(shared / "fer2013.npz", 8)
    assert 3 <= len(faces["bare"]) <= 8
    assert faces["bare"].shape == faces["masked"].shape
    changed = faces["bare"] != faces["masked"]
    assert changed.any(axis=(1, 2)).all()
    assert changed[:, 30:].mean() > 3 * changed[:, :20].mean()  # a mask lies over nose and mouth


def test_no_faces_to_turn(tmp_path):
    with pytest.raises(DataError, match="missing"):
        faces_to_turn(tmp_path / "none.npz", 8)
