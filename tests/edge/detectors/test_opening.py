"""Which detector a name opens, and what a user of the command is told of one that cannot be opened."""

import cv2
import numpy as np
import pytest
from lamp import write

from edge import bundles
from edge.detectors import open_detector
from edge.detectors.facet import Facet
from edge.detectors.hog import Hog
from edge.errors import ConfigError, ModelMissingError


@pytest.mark.parametrize("spec", ["cascade", "yunet", "centerface", "hog:x", "", "facets", ":x"])
def test_unknown_detectors(spec):
    with pytest.raises(ConfigError):
        open_detector(spec)


def test_what_the_names_open(lamp):
    detector = open_detector(f"facet:{lamp.path}")
    assert isinstance(detector, Facet)
    assert detector.bundle == lamp
    assert detector.name == "facet"
    pytest.importorskip("dlib")
    assert isinstance(open_detector("hog"), Hog)


def test_a_bundle_that_is_not_there_or_not_a_detectors(bundle, tmp_path):
    with pytest.raises(ModelMissingError, match="no face detector"):
        open_detector(f"facet:{tmp_path}")
    with pytest.raises(ConfigError, match="--model"):
        open_detector(f"facet:{bundle.path}")


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.zeros((64, 64, 3), np.uint8))
    return file


def assert_refused(done, code, *words):
    """One line on standard error that holds these words, nothing on standard output, and the exit code."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("mien: ")
    assert all(word in done.stderr for word in words), done.stderr


def test_what_a_user_is_told(picture, bundle, flatbuffers, mien, tmp_path):
    model = flatbuffers["int8"]

    def predict(folder):
        return mien("predict", picture, "--jsonl", "--detector", f"facet:{folder}")

    assert_refused(predict(tmp_path / "none"), 20, "no face detector", "none")
    assert_refused(predict(bundle.path), 30, "--model")
    truncated = write(tmp_path / "truncated", model)
    (truncated / "model.tflite").write_bytes(model[:1000])
    assert_refused(predict(truncated), 21, "truncated or altered", "install")
    assert_refused(predict(write(tmp_path / "short", model[:1000])), 21, "cannot be loaded", "install")
    garbled = write(tmp_path / "garbled", model)
    (garbled / "manifest.json").write_text("{")
    assert_refused(predict(garbled), 21, "manifest.json is unreadable", "install")
    (garbled / "manifest.json").unlink()
    assert_refused(predict(garbled), 20, "no face detector")
    whole = write(tmp_path / "whole", model)
    done = mien("predict", picture, "--jsonl", "--model", whole)
    assert_refused(done, 30, "no expression model", "--detector facet:")
    assert predict(whole).returncode == 0


def test_facet_is_not_shipped_as_an_expression_model():
    assert "facet" not in bundles.shipped("expression")
