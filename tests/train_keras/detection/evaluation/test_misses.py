import cv2
import numpy as np
import pytest

from edge.errors import OutputError
from edge.types import Face
from train_keras.detection.evaluation import misses
from train_keras.detection.evaluation.misses import CAPTION, COLUMNS, TILE, draw_misses
from train_keras.detection.evaluation.scenes import Scene

FACES = np.array([[0, 0, 60, 60], [100, 50, 150, 100], [200, 0, 220, 20]], np.float32)
SCENE = Scene("a.jpg", np.full((200, 300, 3), 128, np.uint8), FACES, np.array([0, 2, 1]))
FALSE = Face(np.array([200, 100, 260, 160], np.float32), 0.7)
NOBODY = np.zeros((0, 4), np.float32)


def draw(path, faces, others=NOBODY):
    return draw_misses(path, [SCENE], [faces], 0.5, 40, [others])


def test_everything_missed_and_everything_false(tmp_path, monkeypatch):
    captions = []
    monkeypatch.setattr(misses.cv2, "putText", lambda image, text, *more: captions.append(text))
    faces = [FALSE, Face(FACES[1], 0.4), Face(FACES[2], 0.1)]
    assert draw(tmp_path / "sheet.png", faces) == (2, 1)
    assert captions == ["mask 60 px", "best no box", "incorrectly 50 px", "best 0.40", "false 60 px", "0.70"]
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (TILE + CAPTION, COLUMNS * TILE, 3)
    assert sheet[:, : 3 * TILE].std() > 10
    assert sheet[:, 3 * TILE :].max() == 0


def test_what_others_see_too_is_said(tmp_path, monkeypatch):
    captions = []
    monkeypatch.setattr(misses.cv2, "putText", lambda image, text, *more: captions.append(text))
    draw(tmp_path / "sheet.png", [FALSE], FALSE.box[None])
    assert "0.70, others too" in captions


def test_nothing_wrong_is_an_empty_sheet(tmp_path):
    right = [Face(box, 0.9) for box in FACES]
    assert draw(tmp_path / "sheet.png", right) == (0, 0)
    assert cv2.imread(str(tmp_path / "sheet.png")).max() == 0


def test_many_fill_several_rows(tmp_path):
    boxes = [Face(np.array([x, 120, x + 40, 160], np.float32), 0.9) for x in range(0, 240, 41)] * 2
    assert draw(tmp_path / "sheet.png", boxes) == (2, 12)
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[0] == 2 * (TILE + CAPTION)


@pytest.mark.parametrize("name", ["sheet.unknown", "nowhere/sheet.png"])
def test_a_file_that_cannot_be_written(tmp_path, name):
    with pytest.raises(OutputError, match="--sheet"):
        draw(tmp_path / name, [FALSE])
