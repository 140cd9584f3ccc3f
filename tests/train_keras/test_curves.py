import cv2

from train_keras.curves import draw_curves, draw_detector_curves


def test_curves(tmp_path):
    names = ("loss", "categorical_accuracy", "public_full", "public_masked")
    history = [{"epoch": float(e), **dict.fromkeys(names, 0.1 * e)} for e in (1, 2, 3)]
    for rows in (history[:1], history):
        draw_curves(rows, tmp_path / "curves.png")
        picture = cv2.imread(str(tmp_path / "curves.png"))
        assert picture.shape[1] > 800
        assert picture.std() > 10


def test_detector_curves(tmp_path):
    """With and without hints, and without anything that is watched."""
    pictures = []
    for names in (
        ("loss", "cells_loss", "hints_loss", "recall_masked", "recall_bare", "mask_state"),
        ("loss", "recall_masked", "recall_bare", "mask_state"),
        ("loss",),
    ):
        history = [{"epoch": float(e), **dict.fromkeys(names, 0.1 * e)} for e in (1, 2, 3)]
        draw_detector_curves(history, tmp_path / "curves.png")
        pictures.append((tmp_path / "curves.png").read_bytes())
        assert cv2.imread(str(tmp_path / "curves.png")).shape[1] > 800
    assert len(set(pictures)) == 3
