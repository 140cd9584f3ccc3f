import cv2
import keras
import numpy as np
import pytest

from edge.errors import ModelCorruptError, ModelMissingError
from train_keras.models import build
from train_keras.models.cbam import cbam
from train_keras.reporting.demo import demo_faces
from train_keras.reporting.insides import panels_of
from train_keras.reporting.sheet import Bars, Heat
from train_keras.reporting.sheets import explain


@pytest.fixture(scope="module")
def faces():
    return demo_faces(2, 2)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return build("slim", channels=1, rgc=False)


def test_demo_faces(faces):
    """Bare ones, whose lower half is skin, then masked ones, whose lower half is cloth, which is brighter."""
    assert faces.shape == (4, 48, 48)
    assert faces.dtype == np.uint8
    lower = faces[:, 34:44, 16:32].mean((1, 2))
    assert lower[2:].min() > lower[:2].max()
    with pytest.raises(ValueError, match="10000 were asked for"):
        demo_faces(10000, 1)


def test_explain_draws_a_sheet(model, tmp_path):
    run = tmp_path / "slim_small"
    run.mkdir()
    model.save(run / "model.keras")
    line = explain(run / "model.keras", tmp_path / "sheet.png", bare=1, masked=1)
    assert "Grad-CAM at block5_expand_relu, 6 x 6" in line
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.std() > 20
    line = explain(run / "model.keras", tmp_path / "fine.png", layer="block3_project_bn", bare=1, masked=1)
    assert "block3_project_bn, 12 x 12" in line
    assert (cv2.imread(str(tmp_path / "fine.png")) != sheet).any()


def test_where_the_sheet_goes_by_default(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "small").mkdir(parents=True)
    for file, name in (("runs/small/checkpoint-3.keras", "small"), ("other.keras", "slim")):
        model.save(tmp_path / file)
        explain(tmp_path / file, bare=1, masked=0)
        assert (tmp_path / "docs" / "figures" / f"explain_{name}.png").is_file()


def titles(model, faces, **options):
    panels, _ = panels_of(model, faces, **options)
    assert len(panels) == len(faces)
    assert len({tuple(row) for row in panels}) == 1
    return panels


def test_joint_networks_show_their_modules(faces):
    rows = titles(build("joint", input_size=48, width=0.25, channels=1), faces)
    assert list(rows[0]) == [
        "Grad-CAM", "occlusion map", "region attention", "gates", "fused", "loss when hidden",
    ]  # fmt: skip
    assert isinstance(rows[0]["gates"], Bars)
    assert all(isinstance(rows[0][name], Heat) for name in rows[0] if name != "gates")
    bare = titles(build("joint", input_size=48, width=0.25, channels=1, fopm=False), faces)
    assert list(bare[0]) == ["Grad-CAM", "loss when hidden"]


def test_a_head_for_what_is_covered_shows_its_map(faces):
    rows = titles(build("slim", channels=1, stem_strides=1, parse=True), faces)
    assert list(rows[0]) == ["Grad-CAM", "occlusion map", "loss when hidden"]
    assert rows[0]["occlusion map"].map.shape == (24, 24)
    assert 0 <= rows[0]["occlusion map"].map.min() <= rows[0]["occlusion map"].map.max() <= 1


def test_transformers_show_their_attention(faces):
    small = build("vit", input_size=56, width=24, blocks=1, heads=2)
    assert list(titles(small, faces)[0]) == ["attention", "loss when hidden"]
    assert titles(small, faces)[0]["attention"].map.shape == (4, 4)
    assert next(iter(titles(small, faces, layer="patches")[0])) == "Grad-CAM"


def test_the_attention_network_shows_where(faces):
    rows = titles(cbam(64, 1, widths=(8, 16)), faces)
    assert list(rows[0]) == ["Grad-CAM", "spatial attention", "loss when hidden"]
    assert rows[0]["spatial attention"].map.max() == pytest.approx(1)


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(ModelMissingError, match=r"give a \.keras file"):
        explain(tmp_path / "model.keras", tmp_path / "sheet.png")
    for name in ("model.keras", "model.txt"):
        (tmp_path / name).write_text("no model")
        with pytest.raises(ModelCorruptError, match="is no Keras model"):
            explain(tmp_path / name, tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()
