import cv2
import numpy as np
import pytest

from train_keras.reporting.sheet import TILE, Bars, Feature, Heat, Row, draw_sheet, overlay

FACE = np.full((48, 48), 120, np.uint8)


def rows(*panels):
    return [Row(FACE, title, "happy 0.83", dict(panels)) for title in ("bare", "masked")]


def test_overlay_leaves_cold_places_alone():
    heat = np.zeros((6, 6), np.float32)
    heat[1, 1] = 1
    picture = overlay(FACE, heat)
    assert picture.shape == (TILE, TILE, 3)
    assert picture.dtype == np.uint8
    assert (picture[5 * TILE // 8 :] == 120).all()
    hot = picture[TILE // 4, TILE // 4].astype(int)
    assert hot[0] > hot[2] + 50  # red and yellow, in RGB


def test_sheet_has_a_row_a_face(tmp_path):
    path = tmp_path / "sheets" / "sheet.png"
    heat = ("Grad-CAM", Heat(np.eye(6, dtype=np.float32)))
    draw_sheet(path, rows(heat), "Where it looks")
    plain = cv2.imread(str(path))
    gates = ("gates", Bars(np.array([0.2, 0.9, 0.4, 0]), ("brows", "eyes", "nose", "mouth")))
    feature = ("fused", Feature(np.linspace(-1, 1, 30)))
    draw_sheet(path, rows(heat, gates, feature), "Where it looks", "a note")
    wide = cv2.imread(str(path))
    assert wide.shape[1] > 1.5 * plain.shape[1]
    draw_sheet(path, rows(heat)[:1], "Where it looks")
    assert cv2.imread(str(path)).shape[0] < 0.7 * plain.shape[0]
    assert plain.std() > 20


def test_longer_bars_for_larger_gates(tmp_path):
    lit = []
    for value in (0.1, 0.9):
        draw_sheet(tmp_path / "x.png", rows(("gate", Bars(np.array([value]), ("eyes",)))), "t")
        blue, _, red = cv2.split(cv2.imread(str(tmp_path / "x.png")).astype(int))
        lit.append((red - blue > 100).sum())
    assert lit[1] > 5 * lit[0] > 0


@pytest.mark.parametrize(
    ("panel", "arguments", "message"),
    [
        (Heat, (np.zeros((6, 6, 1)),), r"shape \(6, 6, 1\)"),
        (Heat, (np.full((6, 6), np.nan),), "finite"),
        (Bars, (np.zeros(3), ("a", "b")), r"\(3,\) values for 2 names"),
        (Feature, (np.zeros((2, 2)),), r"expected \[D\]"),
        (Feature, (np.zeros(0),), r"expected \[D\]"),
    ],
)
def test_unusable_panels(panel, arguments, message):
    with pytest.raises(ValueError, match=message):
        panel(*arguments)


def test_rows_that_do_not_fit(tmp_path):
    heat = Heat(np.eye(6, dtype=np.float32))
    for unfit in ([], [*rows(("a", heat)), *rows(("b", heat))]):
        with pytest.raises(ValueError, match="expected rows, all with the same"):
            draw_sheet(tmp_path / "x.png", unfit, "t")
    assert not (tmp_path / "x.png").exists()
