import json
from pathlib import Path

import numpy as np
import pytest
from drawn_answers import SHA, draw, measured

from edge.errors import DataError
from train_keras.evaluation import score
from train_keras.measures import calibration, wilson
from train_keras.reporting.store import STORE, Figure, load, load_store, measure, save


def test_what_is_measured():
    answers = draw("slim")
    record = measured(answers)
    scores = score(answers.probabilities, answers.classes)
    assert record.key == "slim-ferplus-mask-seven"
    assert (record.model, record.set, record.occlusion, record.labels) == ("slim", "ferplus", "mask", "seven")
    assert record.faces == 120
    assert (record.accuracy, record.precision, record.recall, record.f1) == (
        scores.accuracy, scores.precision, scores.recall, scores.f1,
    )  # fmt: skip
    assert record.interval == wilson(round(120 * scores.accuracy), 120)
    assert record.ece == calibration(answers.probabilities, answers.classes).error
    assert 0.5 < record.auc < 1
    assert record.confusion == scores.confusion.tolist()
    assert measured(answers.merged("three")).key == "slim-ferplus-mask-three"


def test_all_right_and_all_wrong():
    """The interval holds the accuracy at its ends too."""
    answers = draw("slim")
    for truth in (answers.probabilities.argmax(1), (answers.probabilities.argmax(1) + 1) % 7):
        record = measured(
            type(answers)("slim", "ferplus", "mask", answers.rows, answers.probabilities, truth)
        )
        assert record.interval[0] <= record.accuracy <= record.interval[1]


def test_people_widen_the_interval():
    answers = draw("slim")
    people = np.array([str(row // 20) for row in answers.rows])
    record = measure(answers, command="c", commit="c", weights_sha256=SHA, identities=people)
    assert record.interval != measured(answers).interval
    assert record.interval[0] < record.accuracy < record.interval[1]


def test_one_class_alone_has_no_auc():
    answers = draw("slim")
    record = measured(
        type(answers)("slim", "ferplus", "mask", answers.rows, answers.probabilities, np.zeros(120, int))
    )
    assert record.auc is None


def test_there_and_back(tmp_path):
    record = measured(draw("slim"))
    figure = Figure(
        kind="figure", key="speed-slim", model="slim", command="mien bench", commit="c",
        date=record.date, value=300.5, unit="frames/s", machine="one core",
    )  # fmt: skip
    for each in (record, figure):
        path = save(each, tmp_path / "results")
        assert path.name == f"{each.key}.json"
        assert load(path) == each
    assert load_store(tmp_path / "results") == {record.key: record, figure.key: figure}
    assert sorted(json.loads((tmp_path / "results" / f"{record.key}.json").read_text())) == sorted([
        "kind", "key", "model", "set", "labels", "occlusion", "faces", "accuracy", "precision", "recall",
        "f1", "auc", "ece", "interval", "confusion", "command", "commit", "date", "weights_sha256",
    ])  # fmt: skip


def test_missing_store(tmp_path):
    with pytest.raises(DataError, match=r"no results in .*nowhere: `mien evaluate`"):
        load_store(tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accurracy": 0.5}, "accurracy: Extra inputs"),
        ({"f1": None}, "f1: Input should be a valid number"),
        ({"accuracy": 64.6}, "accuracy: Input should be less than or equal to 1"),
        ({"ece": float("nan")}, "ece"),
        ({"interval": [0.9, 0.95]}, "does not hold the accuracy"),
        ({"labels": "eight"}, "labels: Input should be"),
        ({"labels": "five"}, "expected 'slim-ferplus-mask-five'"),
        ({"model": "fine"}, "expected 'fine-ferplus-mask-seven'"),
        ({"faces": 121}, "counts 120 faces, not 121"),
        ({"confusion": [[120]]}, "confusion is not 7 x 7"),
        ({"weights_sha256": "abc"}, "weights_sha256: String should match"),
        ({"date": "yesterday"}, "date: "),
        ({"command": ""}, "command: "),
        ({"kind": "guess"}, "kind"),
    ],
)
def test_records_that_are_none(change, message, tmp_path):
    path = save(measured(draw("slim")), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=message):
        load_store(tmp_path)


def test_malformed_files(tmp_path):
    path = save(measured(draw("slim")), tmp_path)
    text = path.read_text()
    for content in (text[:100], "", "[]", "null", "\xff\x00"):
        path.write_text(content)
        with pytest.raises(
            DataError, match=r"slim-ferplus-mask-seven\.json: .*measure it again or remove it"
        ):
            load(path)
    other = tmp_path / "slim.json"
    other.write_text(text)
    with pytest.raises(DataError, match=r"rename it to slim-ferplus-mask-seven\.json"):
        load(other)


def test_the_repositorys_own_results_can_be_read():
    records = load_store(Path(__file__).parents[3] / STORE)
    assert "slim_fine-ferplus-full-seven" in records
