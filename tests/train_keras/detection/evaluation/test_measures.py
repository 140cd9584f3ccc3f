import numpy as np
import pytest

from edge.types import Face
from train_keras.detection.evaluation import tables
from train_keras.detection.evaluation.measures import (
    bins,
    detector_figures,
    equal_false_boxes,
    groups,
    landmark_figures,
    measure,
    state_figures,
    time_figures,
)
from train_keras.detection.evaluation.peers import Contender
from train_keras.detection.evaluation.scenes import Scene

MARKS = np.array([[20, 30], [40, 30], [30, 40], [22, 50], [38, 50]], np.float32)


def face(x, score, side=60, state="mask"):
    return Face(np.array([x, 0, x + side, side], np.float32), score, MARKS + np.float32([x, 0]), state)


FACES = np.array([[0, 0, 60, 60], [100, 0, 160, 60], [200, 0, 300, 100], [400, 0, 430, 30]], np.float32)
SCENES = [Scene("a.jpg", np.zeros((100, 500, 3), np.uint8), FACES, np.array([0, 1, 2, 0]))] * 2
# Ours finds the masked ones and the small one, YuNet the bare one; each has one false box a picture.
OURS = [face(0, 0.9), face(200, 0.8, 100, "no_mask"), face(600, 0.7), face(400, 0.6, 30)]
THEIRS = [face(800, 0.95), face(100, 0.6), face(0, 0.3)]
FOUND = {
    "facet 320": [OURS] * 2,
    "YuNet 320": [THEIRS] * 2,
    "YuNet 640": [THEIRS] * 2,
    "else": [[face(600, 0.9)]] * 2,
}
CONTENDERS = [
    Contender("facet 320", "facet", None, 320, tested=True),
    Contender("YuNet 320", "yunet", None, 320),
    Contender("YuNet 640", "yunet", None, 640),
    Contender("else", "else", None, None, witness=True),
]  # fmt: skip


@pytest.fixture
def measured():
    return measure(CONTENDERS, SCENES, FOUND, 40)


def test_groups():
    chosen = groups(np.array([0, 1, 2]))
    assert chosen["masked"].tolist() == [True, False, True]
    assert chosen["bare"].tolist() == [False, True, False]
    assert chosen["mask_worn_incorrectly"].tolist() == [False, False, True]


def test_detector_figures(measured):
    figures = detector_figures(measured[0], 40)
    assert figures["recall"] == {
        "masked": 1, "bare": 0, "mask": 1, "no_mask": 0, "mask_worn_incorrectly": 1,
    }  # fmt: skip
    assert figures["interval"]["masked"] == (1, 1)
    assert (figures["false_boxes"], figures["false_boxes_alone"]) == (2, 0)
    assert figures["by_size"]["20-40"] == {
        "masked": 1, "bare": pytest.approx(np.nan, nan_ok=True), "masked_faces": 2, "bare_faces": 0,
    }  # fmt: skip
    assert figures["by_size"]["40-64"]["masked_faces"] == 2
    assert figures["by_size"]["96-160"]["masked"] == 1
    assert figures["average_precision"]["masked"] == 1
    assert figures["average_precision"]["bare"] == 0
    assert figures["at_rate"]["0.2"]["false_boxes"] == 0
    assert figures["at_rate"]["0.2"]["masked"] == 1
    assert figures["at_rate_alone"]["0.2"]["false_boxes"] == 2  # the other detector has both


def test_bins_follow_the_limit():
    assert bins(20)[0] == (20, 20)
    assert [low for low, _ in bins(70)] == [20, 70, 96, 160]


def test_equal_false_boxes(measured):
    at_half, _, at_most = equal_false_boxes(measured[0], measured[1])
    assert at_half["theirs"]["false_boxes"] == at_half["ours"]["false_boxes"] == 2
    assert (at_half["ours"]["masked"], at_half["theirs"]["bare"]) == (1, 1)
    assert at_half["gain"] == {"masked": (1, 1), "bare": (-1, -1)}
    assert at_most["theirs"]["threshold"] == 0.9
    row = tables.equal_rows([at_half]).splitlines()[-1]
    assert "| YuNet 320 at 0.5, default of mien | 2 (2) | 0.0 / 100.0 |" in row
    assert row.endswith("| +100.0 (+100.0 to +100.0) | -100.0 (-100.0 to -100.0) |")


def test_landmarks_are_compared_with_the_reference(measured):
    rows = landmark_figures(measured, SCENES, FOUND, 40)
    assert list(rows) == ["YuNet 320"]  # facet found no face that YuNet found
    assert rows["YuNet 320"]["plain"] == {"mean": 0, "median": 0, "far": 0}
    assert np.isnan(rows["YuNet 320"]["median_masked"])
    assert "| YuNet 320 | 2 | 0.000 |" in tables.landmarks(rows)
    assert "nan / 0.000" in tables.landmarks_by_size(rows)
    assert landmark_figures(measured[:2], SCENES, FOUND, 40) == {}


def test_mask_states(measured):
    rows = state_figures(measured, SCENES, FOUND, 40)
    assert rows["facet 320"]["confusion"] == [[2, 0, 0], [0, 0, 0], [0, 2, 0]]
    assert rows["facet 320"]["accuracy"] == 0.5
    assert "facet 320: 50.0 % of 4 found faces" in tables.states(rows)


def test_times():
    ours, theirs = np.float32([[1, 1], [2, 1], [9, 1]]), np.float32([[2, 4], [4, 4], [6, 4]])
    times = {"frame": {"facet 320": ours, "YuNet 320": theirs}, "bare": {"else": ours}}
    rows = time_figures(times, CONTENDERS)
    assert rows["frame"]["facet 320"] == {
        "passed": 2, "worked": 1, "passed_of_yunet": 0.5, "worked_of_yunet": 0.25,
    }  # fmt: skip
    assert rows["bare"]["else"]["passed_of_yunet"] is None
    drawn = tables.latency(rows, {"facet 320": {}, "else": {}}).splitlines()
    assert drawn[2:] == ["| facet 320 | 2.00 (0.50) | 1.00 (0.25) |  |  |", "| else |  |  | 2.00 | 1.00 |"]


def test_tables_are_rectangles(measured):
    rows = {one.contender.name: detector_figures(one, 40) for one in measured}
    for drawn in (tables.overview(rows, 2), tables.by_size(rows), tables.at_rates(rows)):
        lines = drawn.splitlines()
        assert len(lines) == 2 + len(CONTENDERS)
        assert len({line.count("|") for line in lines}) == 1
    assert "| facet 320 | 0.5 | **100.0** (100 to 100) | **0.0** (0 to 0) |" in tables.overview(rows, 2)
    assert "20-40 px (2 / 0)" in tables.by_size(rows)
    assert "| facet 320 | 100.0 / - |" in tables.by_size(rows)
