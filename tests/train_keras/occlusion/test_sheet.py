import importlib.util

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cameras.demo import CLIP
from edge.errors import NotAPictureError
from train_keras.occlusion import masked, sheet
from train_keras.occlusion.kinds import Occlusion


@pytest.fixture
def cache(tmp_path, monkeypatch):
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("face_recognition_models (dlib's 68 points) is not installed: requirements-masks.txt")
    monkeypatch.setattr(masked, "CACHE", tmp_path / "cache")


def test_sheet_of_one_kind(cache, ferplus, shared, tmp_path):
    sheets = {}
    for kind in ("mask", "sunglasses"):
        path = tmp_path / f"{kind}.png"
        sheet.draw_sheet(path, shared / "fer2013.npz", 3, occlusion=Occlusion(kind))
        sheets[kind] = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert sheets[kind].shape == (sheet.ROWS * sheet.TILE, sheet.COLUMNS * sheet.TILE)
    assert not np.array_equal(*sheets.values())


def test_overview_has_a_row_for_every_kind(cache, tmp_path):
    path = tmp_path / "overview.png"
    sheet.draw_overview(path, CLIP, 4, video=True)
    drawn = cv2.imread(str(path))
    width = sheet.NAME_WIDTH + sheet.OVERVIEW_COLUMNS * sheet.TILE
    assert drawn.shape == (len(Occlusion) * sheet.TILE, width, 3)
    rows = np.split(drawn, len(Occlusion))
    names = {row[:, : sheet.NAME_WIDTH].tobytes() for row in rows}
    assert len(names) == len(Occlusion)
    assert len({row[:, sheet.NAME_WIDTH :].tobytes() for row in rows}) == len(Occlusion)


def test_video_without_a_face(cache, tmp_path):
    path = tmp_path / "grey.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(12):
        writer.write(np.full((64, 64, 3), 127, np.uint8))
    writer.release()
    with pytest.raises(NotAPictureError, match="shows a face in 0 frames"):
        sheet.draw_video_sheet(tmp_path / "sheet.png", path, 1, occlusion=Occlusion.HAND)


def test_command_refuses_an_unknown_occlusion():
    import typer

    from train_keras.commands import masks

    app = typer.Typer()
    app.command()(masks)
    result = CliRunner().invoke(app, ["--occlusion", "beard"])
    assert result.exit_code == 2
    assert "sunglasses" in result.output
