"""The whole of `mien evaluate MODEL --conditions` on a few faces, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edge.bundles import load
from edge.cameras.demo import CLIP
from edge.errors import ConfigError, DataError, ModelMissingError, NotAPictureError
from train_keras.conditions import answers, evaluate
from train_keras.conditions.evaluate import evaluate_conditions, write
from train_keras.conditions.record import load_record, save_record
from train_keras.conditions.sheet import draw_sheet
from train_keras.data.faces import Split
from train_keras.occlusion import masked
from train_keras.occlusion.cuttings import SIDE, Cuttings
from train_keras.reporting import store
from train_keras.subjects import Subject


@pytest.fixture
def few(ferplus, landmarks68, monkeypatch, tmp_path):
    """Eight test faces, textures without photographs, threads instead of processes, which take long to start,
    and a working folder for what is written."""
    chosen = ferplus.split(Split.PRIVATE_TEST)[::400]
    noise = np.random.default_rng(0).integers(0, 255, (2, SIDE, SIDE), dtype=np.uint8)
    monkeypatch.setattr(masked, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(evaluate, "read_set", lambda *_, **__: chosen)
    monkeypatch.setattr(evaluate, "read_cuttings", lambda *_: Cuttings(noise, noise))
    monkeypatch.setattr(answers, "SIZES", (160,))
    for module in (answers, masked):
        monkeypatch.setattr(module, "workers", lambda: ThreadPoolExecutor(1))
    monkeypatch.chdir(tmp_path)
    return chosen


def test_a_shipped_model(few, tmp_path):
    command = "mien evaluate slim --conditions"
    text = evaluate_conditions("slim", None, tmp_path / "photos.zip", command=command)
    record = load_record(tmp_path / "docs/results/conditions-slim.json")
    assert text in (tmp_path / "docs/results.md").read_text()
    assert (
        "## slim away from the standard test\n`mien evaluate slim --conditions`"
        in (tmp_path / "docs/results.md").read_text()
    )
    for name in ("conditions.png", "conditions_slim.png", "trust_slim.png"):
        assert cv2.imread(str(tmp_path / "docs/figures" / name)).std() > 10

    said = evaluate.open_subject("slim").answer(few.images)
    right = said.argmax(1) == few.classes
    bare = record.row("standard", "bare")
    assert bare.seven.value == pytest.approx(right.mean())
    assert record.row("face size", "48 px") == bare.model_copy(
        update={"family": "face size", "name": "48 px", "severity": 48.0}
    )
    assert record.abstain_below == load("slim").manifest.calibration.abstain_below
    assert {row.on for row in record.rows} == {"bare", "masked"}
    assert record.row("standard", "masked", "masked").covered > 0.1
    assert all(row.covered is None or row.covered > 0.01 for row in record.rows)
    assert {found.name for found in record.reliability} == {
        "bare", "masked", "real masks, pasted", "masks of the second painter",
    }  # fmt: skip
    assert [found.name for found in record.abstention] == [found.name for found in record.reliability]
    with pytest.raises(KeyError, match="fog"):
        record.row("fog", "thick")

    assert store.load_store() == {}  # the report's own records are others
    assert write(record) == text  # made from the record alone
    (tmp_path / "docs/results/conditions-slim.json").unlink()
    assert load_record(save_record(record)) == record


def test_a_model_of_other_labels(few, monkeypatch, tmp_path):
    five = Subject("vit5", "Keras", "", (tmp_path,), lambda faces: np.full((len(faces), 5), 0.2, np.float32))
    monkeypatch.setattr(evaluate, "open_subject", lambda _: five)
    with pytest.raises(ConfigError, match="vit5 does not answer in seven labels"):
        evaluate_conditions("vit5", None, tmp_path, command="mien evaluate vit5 --conditions")


def test_missing_files(tmp_path, shared):
    def run(**changed):
        given = {"model": "slim", "data": shared / "ferplus.npz", "photos": tmp_path / "photos.zip"}
        given |= changed
        evaluate_conditions(**given, command="mien evaluate slim --conditions")

    with pytest.raises(ModelMissingError, match="give a bundle's folder"):
        run(model=str(tmp_path))
    with pytest.raises(DataError, match="is missing"):
        run(data=tmp_path)
    with pytest.raises(DataError, match=r"photos\.zip"):
        run()


def test_a_damaged_record(tmp_path):
    path = tmp_path / "conditions-slim.json"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_record(path)
    path.write_text('{"schema": "mien.conditions/1", "model": "slim"}')
    with pytest.raises(DataError, match="Field required: evaluate the model again or remove the file"):
        load_record(path)
    path.write_text("{")
    with pytest.raises(DataError, match="Invalid JSON"):
        load_record(path)


@pytest.mark.usefixtures("landmarks68")
def test_sheet(tmp_path):
    draw_sheet(CLIP, tmp_path / "sheet.png")
    picture = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert picture.shape[0] > picture.shape[1] > 800
    assert (tmp_path / "sheet.png").stat().st_size < 600_000
    first = (tmp_path / "sheet.png").read_bytes()
    draw_sheet(CLIP, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes() == first


@pytest.mark.usefixtures("landmarks68")
def test_sheet_without_a_face(tmp_path):
    with pytest.raises(NotAPictureError, match="has no frame 40: give a longer video"):
        draw_sheet(tmp_path / "absent.mp4", tmp_path / "sheet.png")
    grey = cv2.VideoWriter(str(tmp_path / "grey.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(45):
        grey.write(np.full((64, 64, 3), 128, np.uint8))
    grey.release()
    with pytest.raises(NotAPictureError, match="shows no face in frame 40: give another video"):
        draw_sheet(tmp_path / "grey.avi", tmp_path / "sheet.png")


@pytest.mark.parametrize(
    "arguments",
    [
        ["detector"],
        ["slim", "--set", "lfw"],
        ["slim", "--occlusion", "hand"],
        ["slim", "--split", "validation"],
    ],
    ids=["the detector", "another set", "occlusions", "other faces"],
)
def test_what_does_not_go_with_conditions(arguments):
    from train_keras.commands import evaluate as command

    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [*arguments, "--conditions"])
    assert result.exit_code == 2
    assert "--conditions is for classifiers on ferplus" in " ".join(result.output.replace("│", " ").split())
