import re

import numpy as np
import pytest
from typer.testing import CliRunner

from train_keras import predictions
from train_keras.crossval import report as reporting
from train_keras.crossval.protocol import Outcome
from train_keras.crossval.report import accuracies, pool, report
from train_keras.data.faces import Faces
from train_keras.predictions import Predictions
from train_keras.reporting import store

RECIPE = """
task = "crossval"
name = "tiny"
seed = 5
train = [{{ set = "jaffe", path = "{jaffe}" }}]
test = [{{ set = "fedro", path = "{fedro}" }}]
[model]
builder = "dcnn"
options = {{ widths = [4, 6, 8], hidden = 8 }}
[data]
variants = 1
tested = ["full", "mask", "eyes"]
[optimiser]
epochs = 1
batch_size = 8
"""


def said(rows, classes, right):
    """Answers of which the first `right` are right."""
    answers = np.array(classes)
    answers[right:] = (answers[right:] + 1) % 3
    probabilities = np.full((len(rows), 3), 0.1, np.float32)
    probabilities[np.arange(len(rows)), answers] = 0.8
    return Predictions("tiny", "jaffe", "mask", np.array(rows), probabilities, np.array(classes))


@pytest.fixture
def folds():
    return [said([5, 1, 3, 9], [0, 1, 2, 0], 3), said([2, 4], [1, 2], 1)]


def test_folds_are_pooled_by_row(folds):
    pooled = pool(folds)
    assert pooled.rows.tolist() == [1, 2, 3, 4, 5, 9]
    assert pooled.classes.tolist() == [1, 1, 2, 2, 0, 0]
    assert accuracies(folds) == [0.75, 0.5]
    assert accuracies([pooled]) == pytest.approx([4 / 6])


def test_report(folds, make_recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.array([9, 1, 2, 3, 4, 5])
    faces = Faces(
        np.zeros((6, 8, 8), np.uint8),
        np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2, 0]],
        np.zeros(6, np.int8),
        rows,
        labels=("negative", "neutral", "positive"),
        identities=np.array(list("AABBCC")),
    )
    outcome = Outcome(("fold-01", "fold-02"), {("jaffe", "mask"): folds}, {"jaffe": faces}, "a" * 64)
    drawn = []
    bootstrap = store.bootstrap
    monkeypatch.setattr(store, "bootstrap", lambda correct, who: drawn.append(who) or bootstrap(correct, who))
    body = report(make_recipe([{"set": "jaffe"}]), outcome, "mien crossval tiny")
    assert drawn[0].tolist() == list("ABBCCA"), "people in the order of the rows"
    # The mean of 75 and 50 % and their sample deviation; 4 of 6 faces in all.
    assert re.search(r"\| mask \| 6 \| \*\*66\.67\*\* \| .* \| 62\.50 ± 17\.68 \|", body)
    assert "3 people, none of them in training and test" in body
    record = store.load(tmp_path / "docs/results/tiny-jaffe-mask-three.json")
    assert (record.accuracy, record.faces) == (pytest.approx(4 / 6), 6)
    assert np.trace(record.confusion) == 4
    assert len(predictions.load(tmp_path / "docs/results/predictions/tiny-jaffe-mask.npz")) == 6
    text = (tmp_path / "docs/results.md").read_text()
    assert "## 2-fold cross-validation of tiny\n`mien crossval tiny`" in text
    assert (tmp_path / "docs/figures/confusion_tiny_jaffe.png").is_file()
    assert reporting.RESULTS.as_posix() == "docs/results.md"


@pytest.fixture
def crossval():
    import typer

    from train_keras.commands import crossval

    app = typer.Typer()
    app.command()(crossval)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.usefixtures("landmarks68")
def test_from_one_set_to_another_by_command(crossval, jaffe, fedro, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(RECIPE.format(jaffe=jaffe, fedro=fedro))
    done = crossval("tiny.toml")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "docs/results.md").read_text()
    assert "## Cross-data-set run of tiny" in text
    assert "Trained on jaffe, tested on all faces" in text
    for worn in ("full", "mask", "eyes"):
        assert re.search(rf"\| {worn} \| 14 \| \*\*\d", text)
        assert store.load(tmp_path / f"docs/results/tiny-fedro-{worn}-seven.json").faces == 14
    assert (tmp_path / "runs/tiny/cross/model.keras").is_file()
    refused = crossval("tiny.toml", "--folds", 3)
    assert refused.exit_code == 2
    assert "trains on some sets" in re.sub(r"\s+", " ", refused.output.replace("│", " "))
