import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from convert.export import with_temperature
from edge.bundles import SHIPPED, load, sha256
from edge.classifier import Classifier
from edge.cli import app
from edge.errors import DataError
from train_keras.batches import scale_pixels
from train_keras.data.faces import Split
from train_keras.unfolding import recipe_of, unfold

FACES = 256


@pytest.fixture(scope="module")
def bundle():
    return load("slim")


@pytest.fixture(scope="module")
def training(ferplus):
    return ferplus.split(Split.TRAINING)[:FACES]


@pytest.fixture(scope="module")
def network(bundle, training):
    return unfold(bundle, recipe_of(bundle), training.images)


def test_the_network_answers_as_its_bundle(bundle, network, ferplus):
    faces = ferplus.split(Split.PUBLIC_TEST)[:FACES].images
    calibrated = with_temperature(network, bundle.manifest.calibration.temperature)
    ours = calibrated.predict(scale_pixels(faces), verbose=0)
    theirs = Classifier(bundle).classify(faces)
    assert (ours.argmax(1) == theirs.argmax(1)).mean() > 0.95
    assert np.abs(ours - theirs).mean() < 0.01


def test_training_goes_on_from_what_the_network_says(network, training):
    shown = scale_pixels(training.images)
    still, trained = network.predict(shown, verbose=0), np.asarray(network(shown, training=True))
    assert (still.argmax(1) == trained.argmax(1)).mean() > 0.9  # dropout draws anew
    assert network.get_layer("block4_expand_bn").moving_variance.numpy().std() > 0


def test_a_bundle_without_its_recipe(tmp_path):
    folder = shutil.copytree(SHIPPED / "slim", tmp_path / "slim")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["training"] = {"data": "somebody's"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="bundle slim does not tell by which recipe it was trained"):
        recipe_of(load(str(folder)))


def test_a_recipe_of_another_network(bundle, training):
    recipe = recipe_of(bundle)
    plain = recipe.model.model_copy(update={"options": recipe.model.options | {"channels": 3}})
    with pytest.raises(DataError, match="bundle slim: the weights of layer stem_conv cannot be had from it"):
        unfold(bundle, recipe.model_copy(update={"model": plain}), training.images)


def test_heads_that_only_training_had_are_gone(bundle, network, training):
    recipe = recipe_of(bundle)
    parsing = recipe.model.model_copy(update={"options": recipe.model.options | {"parse": True}})
    without = unfold(bundle, recipe.model_copy(update={"model": parsing}), training.images)
    shown = scale_pixels(training.images[:8])
    assert np.allclose(without.predict(shown, verbose=0), network.predict(shown, verbose=0), atol=1e-6)


def test_restore_takes_a_shipped_model_and_a_folder(tmp_path, ferplus):
    said = CliRunner().invoke(app, ["restore", "slim", "--run", str(tmp_path / "a")])
    assert said.exit_code == 0, said.output
    said = CliRunner().invoke(app, ["restore", str(SHIPPED / "slim"), "--run", str(tmp_path / "b")])
    assert said.exit_code == 0, said.output
    assert sha256(tmp_path / "a" / "recipe.json") == sha256(tmp_path / "b" / "recipe.json")
    assert (tmp_path / "b" / "model.keras").is_file()
