import numpy as np
import pytest

from convert.parity import parity, run_flatbuffer
from edge import bundles
from edge.classifier import Classifier
from edge.types import coarsen
from train_keras.batches import scale_pixels
from train_keras.data.faces import Split
from train_keras.data.ferplus import read_ferplus
from train_keras.predicting import resize_crops


def test_report(network, flatbuffers, crops, answers):
    classes = answers.argmax(1)
    classes[:24] = (classes[:24] + 1) % 7  # a quarter labelled otherwise
    report = parity(network, flatbuffers, crops, classes)
    assert set(report) == {"keras", "float32", "float16", "dynamic", "int8"}
    assert report["keras"]["accuracy"] == pytest.approx(75, abs=0.01)
    assert report["keras"]["agreement"] == 100
    assert report["keras"]["largest_difference"] == 0
    assert report["float32"]["agreement"] == 100
    assert 0 < report["float32"]["largest_difference"] < 1e-3
    assert 0.005 < report["int8"]["largest_difference"] < 0.5
    by_hand = np.mean(run_flatbuffer(flatbuffers["int8"], crops).argmax(1) == answers.argmax(1))
    assert report["int8"]["agreement"] == pytest.approx(100 * by_hand)


def test_both_sides_of_a_face(network, flatbuffers, crops, answers):
    report = parity(network, flatbuffers, crops, answers.argmax(1), mirror=True)
    mirrored = network.predict(scale_pixels(crops[:, :, ::-1]), verbose=0)
    by_hand = ((answers + mirrored) / 2).argmax(1)
    assert report["keras"]["accuracy"] == pytest.approx(100 * np.mean(by_hand == answers.argmax(1)))
    assert report["keras"]["accuracy"] < 100
    assert report["float32"]["agreement"] == 100


def test_abstaining_leaves_out_what_is_unsure(network, flatbuffers, crops, answers):
    classes = answers.argmax(1)
    every = parity(network, {}, crops, classes)["keras"]
    assert (every["answered"], every["answered_accuracy"]) == (100, every["coarse_accuracy"])
    coarse = coarsen(answers)
    threshold = float(np.median(coarse.max(1)))
    said = parity(network, {}, crops, classes, threshold)["keras"]
    assert said["answered"] == pytest.approx(100 * np.mean(coarse.max(1) >= threshold), abs=3)
    assert 40 < said["answered"] < 60
    nobody = parity(network, {}, crops, classes, 2.0)["keras"]
    assert (nobody["answered"], nobody["answered_accuracy"]) == (0, 0)


def test_a_temperature_of_the_faces_makes_answers_less_sure_and_no_others(
    network, flatbuffers, crops, answers
):
    classes, threshold = answers.argmax(1), float(np.median(coarsen(answers).max(1)))
    cold, warm = (
        parity(network, flatbuffers, crops, classes, threshold, temperature=temperature)
        for temperature in (1.0, 2.0)
    )
    for name, said in warm.items():
        assert (said["accuracy"], said["agreement"]) == (cold[name]["accuracy"], cold[name]["agreement"])
        assert said["answered"] < cold[name]["answered"]


@pytest.mark.parametrize("name", bundles.shipped("expression"))
def test_shipped_model_reaches_what_its_manifest_says(name, shared):
    private = read_ferplus(shared / "fer2013.npz", shared / "ferplus.npz").split(Split.PRIVATE_TEST)
    bundle = bundles.load(name)
    faces = resize_crops(private.images, bundle.manifest.input.size)
    answers = Classifier(bundle).classify(faces)
    claimed = next(m["value"] for m in bundle.manifest.metrics if m["set"] == "FER+ PrivateTest, full")
    assert 100 * np.mean(answers.argmax(1) == private.classes) == pytest.approx(claimed, abs=0.5)
