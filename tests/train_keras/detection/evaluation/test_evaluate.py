"""The whole comparison on three frames of the demo clip, in the archive's layout."""

import json
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.demo import CLIP
from edge.detectors import open_detector
from edge.errors import DataError, OutputError
from train_keras import commands
from train_keras.data.masked_faces import PhotoSplit, split_of
from train_keras.detection.evaluation import evaluate, peers
from train_keras.detection.evaluation.evaluate import Settings, evaluate_detectors

ROOT = Path(__file__).parents[4]
SIDE = 1.1  # of the hand-made box, in sides of dlib's, which ends at the eyebrows


def names(split):
    return [name for n in range(60) if split_of(name := f"demo/{n}.png") is split]


@pytest.fixture(scope="module")
def frames():
    """Frames with a face that dlib sees, and a box around it."""
    if not CLIP.is_file():
        pytest.skip(f"{CLIP} is not made yet")
    capture, hog = cv2.VideoCapture(str(CLIP)), open_detector("hog", 640, 0.5)
    found = []
    while len(found) < 3 and capture.grab():
        frame = capture.retrieve()[1]
        faces = hog.detect(frame)
        if len(faces) == 1:
            found.append((frame, faces[0].box))
    return found


@pytest.fixture
def archive(frames, tmp_path):
    """Two pictures to test with, the first with a second, invented face, and one to validate with."""
    path, rows = tmp_path / "masked_faces.zip", []
    files = [*names(PhotoSplit.TEST)[:2], names(PhotoSplit.VALIDATION)[0]]
    with zipfile.ZipFile(path, "w") as out:
        for file, (frame, box) in zip(files, frames, strict=True):
            height, width = frame.shape[:2]
            faces = [{"label": "no_mask", "xyxy": [float(v) for v in box]}]
            rows.append({"file": file, "width": width, "height": height, "faces": faces})
            out.writestr(file, cv2.imencode(".png", frame)[1].tobytes())
        rows[0]["faces"].append({"label": "mask", "xyxy": [0, 0, 60, 60]})
        out.writestr("annotations.json", json.dumps(rows))
    return path


@pytest.fixture(scope="module")
def opened_once():
    """dlib takes a second to be ready."""
    return cache(open_detector)


@pytest.fixture
def settings(archive, tmp_path, monkeypatch, opened_once):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(peers, "open_detector", opened_once)
    monkeypatch.setattr(peers, "BLAZEFACE", {})  # TensorFlow takes several
    monkeypatch.setattr(peers, "Mtcnn", peers.Haar)
    return lambda **more: Settings(archive, ["hog"], Path("nowhere.onnx"), Path("nowhere.onnx"), **more)


def test_everything_is_measured_and_written(settings):
    report = evaluate_detectors(settings(), lambda items, total, title: items)
    figures = json.loads(Path("runs/detector.json").read_text())
    assert figures["faces"] == {"masked": 1, "bare": 2, "mask": 1, "no_mask": 2, "mask_worn_incorrectly": 0}
    at_640 = figures["detectors"]["hog 640"]
    assert at_640["recall"] == {
        "masked": 0, "bare": 1, "mask": 0, "no_mask": 1, "mask_worn_incorrectly": None,
    }  # fmt: skip
    assert at_640["false_boxes"] == 0
    assert at_640["average_precision"]["bare"] == 1
    assert figures["detectors"]["dlib HOG 640"]["recall"] == at_640["recall"]
    assert figures["detectors"]["hog 160"]["recall"]["bare"] <= 1
    assert set(figures["milliseconds"]["bare"]) == {"hog 320", "dlib HOG 320"}
    assert "nowhere.onnx" in figures["not_run"]["YuNet 320"]
    assert figures["sweep"] == []
    section = Path("docs/results.md").read_text()
    assert "## Face detection" in section
    assert "`mien evaluate detector --detector hog --centerface nowhere.onnx`" in section
    assert report in section
    assert "- YuNet 640: " in report
    assert "| hog 640 | 0.5 | **0.0** (0 to 0) | **100.0** (100 to 100) |" in report
    assert cv2.imread("docs/figures/detector_curves.png").std() > 5
    assert cv2.imread("runs/misses.png").std() > 5


def test_validation_leaves_the_docs_alone(settings):
    report = evaluate_detectors(settings(split=PhotoSplit.VALIDATION, threshold=0.4))
    figures = json.loads(Path("runs/detector_validation.json").read_text())
    assert figures["pictures"] == 1
    assert figures["detectors"]["hog 320"]["threshold"] == 0.4
    assert [row["threshold"] for row in figures["sweep"]][:2] == [0.05, 0.1]
    assert "hog 320 by threshold:" in report
    assert Path("runs/detector_validation_curves.png").is_file()
    assert not Path("docs").exists()


def test_nowhere_to_write_is_told_before_the_work(settings, monkeypatch):
    Path("taken").write_text("a file")
    monkeypatch.setattr(evaluate, "read_masked_faces", pytest.fail)
    with pytest.raises(OutputError, match="taken"):
        evaluate_detectors(settings(runs=Path("taken")))


def test_damaged_archive(settings, archive):
    archive.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(DataError, match="damaged"):
        evaluate_detectors(settings())


def mien(*arguments, folder):
    command = [sys.executable, "-m", "edge.cli", "evaluate", "detector", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=folder, env=environment, check=False
    )


def test_command_without_photographs(tmp_path):
    done = mien("--photos", "missing.zip", folder=tmp_path)
    assert done.returncode == 60, done.stderr
    assert done.stderr.count("\n") == 1
    assert "missing.zip is missing: expected masked_faces.zip" in done.stderr


@pytest.mark.parametrize("wrong", [("--split", "everything"), ("--minimum", "0")])
def test_command_with_a_wrong_option(tmp_path, wrong):
    assert mien(*wrong, folder=tmp_path).returncode == 2


def test_command_with_an_unknown_detector(archive, tmp_path):
    done = mien("--photos", archive, "--detector", "nobody", folder=tmp_path)
    assert done.returncode == 30, done.stderr
    assert "no detector 'nobody'" in done.stderr


def test_command(settings, archive, capsys, monkeypatch):
    faces = np.full((1, 48, 48), 120, np.uint8)
    monkeypatch.setattr(evaluate, "faces_to_turn", lambda *_: {"bare": faces, "masked": faces})
    commands.evaluate(
        "detector",
        photos=archive,
        detector=["hog"],
        yunet=Path("no.onnx"),
        split="validation",
        runs=Path("out"),
    )
    out = capsys.readouterr()
    assert "1 photographs of the validation split" in out.out
    assert "- YuNet 320: " in out.out
    assert "detecting" in out.err
    assert Path("out/detector_validation.json").is_file()
    assert Path("runs/misses.png").is_file()


def test_lean_alone(settings, monkeypatch, capsys):
    """Without photographs; docs are left alone, and what cannot be opened is named."""
    faces = np.full((1, 48, 48), 120, np.uint8)
    monkeypatch.setattr(evaluate, "faces_to_turn", lambda *_: {"bare": faces, "masked": faces})
    monkeypatch.setattr(evaluate, "read_masked_faces", pytest.fail)
    commands.evaluate(
        "detector", detector=["facet"], yunet=Path("no.onnx"), lean=True, minimum=40, runs=Path("out")
    )
    out = capsys.readouterr().out
    assert "Landmarks of faces that lean: 1 test faces" in out
    assert "| facet 320 | - | - | 0.0 | - | - | 0.0 |" in out
    assert "- YuNet 320: " in out
    assert "MTCNN" not in out
    figures = json.loads(Path("out/detector_lean.json").read_text())
    nothing = {"found": 0, "slope": None, "error": None, "told": {}}
    assert figures["lean"]["detectors"]["facet 320"] == {"bare": nothing, "masked": nothing}
    assert not Path("docs").exists()


def test_lean_of_nothing(settings):
    assert "No faces to turn" in evaluate.evaluate_lean(settings())


def test_lean_in_the_whole_comparison(settings, monkeypatch):
    faces = np.full((1, 48, 48), 120, np.uint8)
    monkeypatch.setattr(evaluate, "faces_to_turn", lambda *_: {"bare": faces, "masked": faces})
    report = evaluate_detectors(settings(fer2013=Path("fer2013.npz"), split=PhotoSplit.VALIDATION))
    figures = json.loads(Path("runs/detector_validation.json").read_text())
    assert figures["lean"]["faces"] == 1
    assert "Landmarks of faces that lean" in report


def test_lean_without_fer2013(settings):
    with pytest.raises(DataError, match="missing"):
        evaluate.evaluate_lean(settings(fer2013=Path("none.npz")))
