import cv2

from train_keras.curves import draw_curves


def test_curves(tmp_path):
    names = ("loss", "categorical_accuracy", "public_full", "public_masked")
    history = [{"epoch": float(e), **dict.fromkeys(names, 0.1 * e)} for e in (1, 2, 3)]
    for rows in (history[:1], history):
        draw_curves(rows, tmp_path / "curves.png")
        picture = cv2.imread(str(tmp_path / "curves.png"))
        assert picture.shape[1] > 800
        assert picture.std() > 10
