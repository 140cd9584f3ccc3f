import numpy as np
import pytest

from convert.classifier import LARGEST_LOSS, _refuse_loss
from convert.parity import parity, run_flatbuffer
from edge import bundles
from edge.classifier import Classifier
from edge.errors import MienError
from train_keras.data.faces import Split
from train_keras.data.ferplus import read_ferplus


def test_report(network, flatbuffers, crops, answers):
    classes = answers.argmax(1)
    classes[:24] = (classes[:24] + 1) % 7  # a quarter labelled otherwise
    report = parity(network, flatbuffers, crops, classes)
    assert set(report) == {"keras", "float32", "int8"}
    assert report["keras"]["accuracy"] == pytest.approx(75, abs=0.01)
    assert report["keras"]["agreement"] == 100
    assert report["keras"]["largest_difference"] == 0
    assert report["float32"]["agreement"] == 100
    assert 0 < report["float32"]["largest_difference"] < 1e-3
    assert 0.005 < report["int8"]["largest_difference"] < 0.5
    by_hand = np.mean(run_flatbuffer(flatbuffers["int8"], crops).argmax(1) == answers.argmax(1))
    assert report["int8"]["agreement"] == pytest.approx(100 * by_hand)


@pytest.mark.parametrize("kind", ["full", "masked"])
def test_too_great_a_loss_is_refused(kind):
    def reports(loss):
        small = {"keras": {"accuracy": 60.0}, "int8": {"accuracy": 60.2}}
        return {"full": small, "masked": small, kind: {**small, "int8": {"accuracy": 60.0 - loss}}}

    _refuse_loss(reports(LARGEST_LOSS - 0.01), LARGEST_LOSS)
    with pytest.raises(MienError, match=rf"0\.60 points on the {kind} set"):
        _refuse_loss(reports(0.6), LARGEST_LOSS)


@pytest.mark.parametrize("name", bundles.shipped("expression"))
def test_shipped_model_reaches_what_its_manifest_says(name, shared):
    private = read_ferplus(shared / "fer2013.npz", shared / "ferplus.npz").split(Split.PRIVATE_TEST)
    bundle = bundles.load(name)
    answers = Classifier(bundle).classify(private.images)
    claimed = next(m["value"] for m in bundle.manifest.metrics if m["set"] == "FER+ PrivateTest, full")
    assert 100 * np.mean(answers.argmax(1) == private.classes) == pytest.approx(claimed, abs=0.5)
