from dataclasses import replace

import numpy as np
import pytest

from edge.errors import DataError
from train_keras.predictions import Predictions, keep, load, load_all, require_same_faces, save

ROWS = np.array([9, 2, 5])
ANSWERS = np.eye(7, dtype=np.float32)[[0, 3, 6]]
CLASSES = np.array([0, 3, 5])


@pytest.fixture
def answers():
    return Predictions("slim-v2", "ferplus", "full", ROWS, ANSWERS, CLASSES)


def test_there_and_back(answers, tmp_path):
    path = save(answers, tmp_path / "predictions")
    assert path.name == "slim-v2-ferplus-full.npz"
    loaded = load(path)
    assert (loaded.model, loaded.set, loaded.occlusion, loaded.scheme) == (
        "slim-v2",
        "ferplus",
        "full",
        "seven",
    )
    assert loaded.rows.tolist() == [2, 5, 9]
    assert loaded.rows.dtype == loaded.classes.dtype == np.int64
    assert loaded.probabilities.dtype == np.float32
    assert loaded.probabilities.argmax(1).tolist() == [3, 6, 0]
    assert loaded.classes.tolist() == [3, 5, 0]
    assert [p.name for p in load_all(path.parent)] == ["slim-v2-ferplus-full"]
    assert load_all(tmp_path / "nowhere") == []


def test_kept_is_what_the_file_holds(answers, tmp_path):
    thirds = replace(answers, probabilities=np.full((3, 7), 1 / 7, np.float32))
    kept = keep(thirds, tmp_path)
    assert kept.probabilities.dtype == np.float32
    assert np.array_equal(kept.probabilities, load(tmp_path / "slim-v2-ferplus-full.npz").probabilities)
    assert np.array_equal(kept.probabilities, np.full((3, 7), np.float16(1 / 7), np.float32))


def test_merged(answers):
    five = answers.merged("five")
    assert five.scheme == "five"
    assert five.classes.tolist() == [0, 2, 1]
    assert five.rows is answers.rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"set": "fer-plus"}, "without dashes"),
        ({"model": "Slim"}, "lower case"),
        ({"occlusion": ""}, "MODEL-SET-OCCLUSION"),
        ({"rows": ROWS[:2]}, "2 rows, 3 answers, 3 labels"),
        ({"rows": np.array([2, 2, 5])}, "a row occurs twice"),
        ({"classes": np.array([0, 3, 7])}, "label 7 in seven-way answers"),
        ({"probabilities": ANSWERS * 0.5}, "do not sum to 1"),
        ({"probabilities": ANSWERS * np.float32(np.nan)}, "do not sum to 1"),
        ({"probabilities": ANSWERS[:, :6]}, "expected"),
    ],
)
def test_unusable(answers, change, message):
    with pytest.raises(ValueError, match=message):
        replace(answers, **change)


def test_files_that_are_none(answers, tmp_path):
    with pytest.raises(DataError, match="is missing"):
        load(tmp_path / "slim-ferplus-full.npz")
    for name in ("slim.npz", "Slim-ferplus-full.npz", "slim-ferplus-full.json"):
        file = tmp_path / name
        file.write_bytes(b"")
        with pytest.raises(DataError, match="rename it"):
            load(file)
    file = save(answers, tmp_path)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match="is damaged"):
        load(file)
    np.savez(file, rows=ROWS, probabilities=ANSWERS)
    with pytest.raises(DataError, match="classes"):
        load(file)
    np.savez(file, rows=ROWS, probabilities=ANSWERS, classes=CLASSES + 5)
    with pytest.raises(DataError, match="evaluate the model again"):
        load(file)
    np.savez(file, rows=ROWS, probabilities=np.float32(1), classes=CLASSES)
    with pytest.raises(DataError, match="evaluate the model again"):
        load(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"occlusion": "mask"}, "about different pictures"),
        ({"set": "fer2013"}, "about different pictures"),
        ({"rows": np.array([9, 2, 6])}, r"different faces \(3 and 3 rows, 2 in common\)"),
        ({"classes": np.array([0, 3, 6])}, "given different labels"),
    ],
)
def test_different_faces(answers, change, message):
    with pytest.raises(DataError, match=message):
        require_same_faces(answers, replace(answers, model="other", **change))


def test_different_schemes(answers):
    require_same_faces(answers, replace(answers, model="other"))
    with pytest.raises(DataError, match="have seven and five labels"):
        require_same_faces(answers, answers.merged("five"))
