import hashlib
import json
import shutil

import numpy as np
import pytest

from edge import bundles
from edge.classifier import Classifier
from edge.errors import ModelCorruptError
from edge.turns import BOTH, MIRRORED, PLAIN


@pytest.fixture
def copy(bundle, tmp_path):
    """A copy of the shipped bundle that may be spoilt."""
    return shutil.copytree(bundle.path, tmp_path / "bundle")


def spoil(path, content=None, **changes):
    """Replace the model's bytes or keys of the manifest's input, keeping the checksums right."""
    if content is not None:
        (path / "model.tflite").write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["input"] |= changes
    manifest["sha256"]["model.tflite"] = hashlib.sha256((path / "model.tflite").read_bytes()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_golden_outputs(bundle):
    with np.load(bundle.golden) as golden:
        inputs, expected = golden["inputs"], golden["probabilities"]
    answers = Classifier(bundle).classify(inputs)
    assert np.abs(answers - expected).max() < 0.02
    assert np.array_equal(answers.argmax(axis=1), expected.argmax(axis=1))


def test_answers_are_probabilities_for_any_crop_and_do_not_depend_on_the_batch(bundle):
    classifier = Classifier(bundle)
    side = classifier.size
    crops = np.random.default_rng(0).integers(0, 256, (9, side, side), np.uint8)
    crops[0], crops[1] = 0, 255
    answers = classifier.classify(crops)
    assert answers.shape == (9, 7)
    assert answers.dtype == np.float32
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (answers > 0).all()
    for crop, answer in zip(crops, answers, strict=True):
        assert np.array_equal(classifier.classify(crop[np.newaxis])[0], answer)
    assert np.array_equal(Classifier(bundle, threads=2).classify(crops), answers)


def test_the_mirror_image_is_read_too_where_the_bundle_asks_for_it(copy):
    spoil(copy, mirror=False)
    alone = Classifier(bundles.load(str(copy)))
    crops = np.random.default_rng(1).integers(0, 256, (5, alone.size, alone.size), np.uint8)
    one_side, other_side = alone.classify(crops), alone.classify(crops[:, :, ::-1])
    assert np.abs(one_side - other_side).max() > 0.01
    spoil(copy, mirror=True)
    both = Classifier(bundles.load(str(copy)))
    assert both.classify(crops) == pytest.approx((one_side + other_side) / 2, abs=0.003)
    assert np.array_equal(both.classify(crops), both.classify(crops[:, :, ::-1]))
    assert both.classify(crops, [PLAIN] * 5) == pytest.approx(one_side, abs=1e-6)
    assert both.classify(crops, [MIRRORED] * 5) == pytest.approx(other_side, abs=1e-6)
    mixed = both.classify(crops, [BOTH, PLAIN, MIRRORED, BOTH, BOTH])
    assert np.array_equal(mixed[[0, 3, 4]], both.classify(crops)[[0, 3, 4]])
    assert np.array_equal(mixed[1:3], np.stack([one_side[1], other_side[2]]))
    unasked = Classifier(bundles.load(str(copy)), mirror=False)
    assert np.array_equal(unasked.classify(crops), one_side)
    assert np.array_equal(unasked.classify(crops, [MIRRORED] * 5), one_side)


def test_no_crops_give_no_answers(bundle):
    classifier = Classifier(bundle)
    assert classifier.classify(np.empty((0, classifier.size, classifier.size), np.uint8)).shape == (0, 7)


@pytest.mark.parametrize("keep", [0, 16, 5000, -20_000])
def test_a_truncated_model_with_the_right_checksum_is_refused(copy, keep):
    spoil(copy, (copy / "model.tflite").read_bytes()[:keep])
    with pytest.raises(ModelCorruptError, match="cannot be loaded"):
        Classifier(bundles.load(str(copy)))


def test_a_model_of_another_size_than_its_manifest_says_is_refused(copy):
    spoil(copy, size=40)
    with pytest.raises(ModelCorruptError, match="input is"):
        Classifier(bundles.load(str(copy)))
