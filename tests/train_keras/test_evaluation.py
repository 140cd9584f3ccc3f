import cv2
import numpy as np
import pytest

from edge.labels import COARSE, LABELS
from train_keras.evaluation import class_table, draw_confusion, score, summary_table

TRUTH = np.array([0, 0, 3, 3, 6])
ANSWERS = np.array([0, 3, 3, 3, 5])


@pytest.fixture
def scores():
    probabilities = np.full((5, 7), 0.1, np.float32)
    probabilities[np.arange(5), ANSWERS] = 0.4
    return score(probabilities, TRUTH)


def test_by_hand(scores):
    assert scores.accuracy == pytest.approx(3 / 5)
    each = np.zeros((7, 3))
    each[0] = 1, 1 / 2, 2 / 3
    each[3] = 2 / 3, 1, 4 / 5
    assert scores.per_class == pytest.approx(each)
    assert scores.precision == pytest.approx((1 + 2 / 3) / 7)
    assert scores.recall == pytest.approx(1.5 / 7)
    assert scores.f1 == pytest.approx((2 / 3 + 4 / 5) / 7)
    expected = np.zeros((7, 7), int)
    expected[0, 0] = expected[0, 3] = expected[6, 5] = 1
    expected[3, 3] = 2
    assert np.array_equal(scores.confusion, expected)
    assert scores.support.tolist() == [2, 0, 0, 2, 0, 0, 1]


def test_tables(scores):
    row = summary_table({"full": scores}).splitlines()[-1]
    assert row == "| full | 5 | **60.00** | 23.81 | 21.43 | 20.95 |"
    rows = class_table({"full": scores, "masked": scores}).splitlines()
    assert len(rows) == 2 + len(LABELS)
    assert len({line.count("|") for line in rows}) == 1
    assert "happy" in rows[5]
    assert "66.7 / 100.0 / 80.0" in rows[5]


def test_confusion_picture(scores, tmp_path):
    path = tmp_path / "figures" / "confusion.png"
    draw_confusion({"full": scores, "masked": scores}, path)
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 1.5 * picture.shape[0]
    assert picture.std() > 10
    draw_confusion({"full": scores}, path)
    assert cv2.imread(str(path)).shape[1] < 0.7 * picture.shape[1]


def test_fewer_labels(tmp_path):
    found = score(np.eye(5, dtype=np.float32)[[0, 1, 2, 2]], np.array([0, 1, 2, 4]), COARSE)
    assert found.labels == COARSE
    assert found.confusion.shape == (5, 5)
    assert found.accuracy == 0.75
    assert len(class_table({"masked": found}).splitlines()) == 2 + len(COARSE)
    draw_confusion({"masked": found}, tmp_path / "confusion.png")
    assert cv2.imread(str(tmp_path / "confusion.png")).std() > 10
    with pytest.raises(ValueError, match="5 probabilities a face for 7 labels"):
        score(np.eye(5, dtype=np.float32), np.arange(5))
