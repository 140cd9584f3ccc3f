import json
import os

import cv2
import numpy as np
import pytest

from edge.labels import COARSE, LABELS


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_faces_in_pictures(photos, bundle, mien):
    rows = rows_of(mien("predict", photos, "--jsonl"))
    assert {row["file"] for row in rows} == {str(photos / name) for name in ("a.png", "b.png", "c/d.png")}
    for row in rows:
        assert list(row["probabilities"]) == list(LABELS)
        assert list(row["coarse"]) == list(COARSE)
        assert row["label"] in LABELS
        assert len(row["box"]) == 4
        assert row["score"] >= 0.5
        assert row["track"] is None


def test_face_crops_of_any_size_and_colour(bundle, mien, images, tmp_path):
    folder = tmp_path / "crops"
    folder.mkdir()
    for name, side in (("10.png", 20), ("2.png", 48), ("3.png", 300)):
        cv2.imwrite(str(folder / name), cv2.resize(images[0], (side, side)))
    cv2.imwrite(str(folder / "4.png"), np.full((48, 30), 100, np.uint8))
    (folder / "5.png").write_text("damaged")
    done = mien("predict", folder, "--faces", "--jsonl")
    rows = rows_of(done)
    assert [os.path.basename(row["file"]) for row in rows] == ["10.png", "2.png", "3.png", "4.png"]
    assert "5.png" in done.stderr
    for row in rows:
        assert set(row) == {"file", "label", "probabilities", "coarse", "abstained"}
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_more_faces_than_a_batch_keep_their_order(bundle, mien, tmp_path):
    generator = np.random.default_rng(0)
    for number in range(150):
        cv2.imwrite(str(tmp_path / f"{number:03}.png"), generator.integers(0, 256, (48, 48), np.uint8))
    rows = rows_of(mien("predict", tmp_path, "--faces", "--jsonl"))
    assert [os.path.basename(row["file"]) for row in rows] == [f"{number:03}.png" for number in range(150)]
    alone = rows_of(mien("predict", tmp_path / "149.png", "--faces", "--jsonl"))
    assert alone == rows[149:]


def test_files_are_named_as_given(photos, bundle, mien):
    given = f"{photos}/../photos/./a.png"
    assert rows_of(mien("predict", given, "--faces", "--jsonl"))[0]["file"] == given


def test_a_table_for_people(photos, bundle, mien):
    done = mien("predict", photos / "a.png")
    assert done.returncode == 0, done.stderr
    assert "expression" in done.stdout


def test_a_picture_without_a_face_gives_nothing(bundle, mien, tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 120, np.uint8))
    done = mien("predict", tmp_path / "wall.png", "--jsonl")
    assert rows_of(done) == []
    assert "no face found" in done.stderr
