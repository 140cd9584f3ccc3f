from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.errors import ConfigError
from train_keras.detection.evaluation import peers
from train_keras.detection.evaluation.peers import gather

NOWHERE = Path("nowhere.onnx")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """dlib takes a second to be ready, TensorFlow several."""
    real = peers.open_detector
    monkeypatch.setattr(peers, "BLAZEFACE", {})
    monkeypatch.setattr(peers, "open_detector", lambda *spec: object() if spec[0] == "hog" else real(*spec))


def test_who_is_missing_is_named_with_the_reason():
    field = gather(["hog", "hog"], NOWHERE, NOWHERE)
    assert [one.name for one in field.running if one.tested] == [
        "hog 320",
        "hog 160",
        "hog 640",
        "hog 320 (2)",
    ]
    assert "nowhere.onnx" in field.absent["YuNet 320"]
    assert "nowhere.onnx" in field.absent["CenterFace 640"]
    assert "--centerface" in gather(["hog"], NOWHERE, None).absent["CenterFace"]
    assert field.primary.name == "hog 320"
    assert list(field.detectors) == [one.name for one in field.running]
    assert {one.family for one in field.running if one.witness} <= {"hog", "mtcnn", "haar"}


def test_names_are_unique_and_thresholds_can_be_given():
    running = gather(["hog"], NOWHERE, NOWHERE, 0.3).running
    assert len({one.name for one in running}) == len(running)
    assert {one.threshold for one in running if one.tested} == {0.3}
    assert {one.threshold for one in running if not one.tested} == {0.5}


def test_a_detector_under_test_must_open():
    with pytest.raises(ConfigError, match="nobody"):
        gather(["nobody"], NOWHERE, NOWHERE)


def test_the_threshold_is_the_bundles_own(monkeypatch):
    bundle = SimpleNamespace(manifest=SimpleNamespace(threshold=0.35))
    monkeypatch.setattr(peers, "open_detector", lambda *spec: SimpleNamespace(bundle=bundle))
    field = gather(["facet:/bundles/float/"], NOWHERE, NOWHERE)
    assert (field.primary.name, field.primary.family) == ("facet (float) 320", "facet")
    assert field.primary.threshold == 0.35
    assert gather(["facet"], NOWHERE, NOWHERE, 0.6).primary.threshold == 0.6
