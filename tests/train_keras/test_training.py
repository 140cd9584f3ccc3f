import json

import keras
import numpy as np
import pytest

from edge.errors import ConfigError
from train_keras.batches import scale_pixels
from train_keras.data.faces import Split
from train_keras.recipe import Recipe
from train_keras.training import fit

EPOCHS = 3
RECIPE = Recipe.model_validate({
    "name": "small",
    "seed": 11,
    "model": {"builder": "slim", "options": {"channels": 1, "bounded": True, "dropout": 0.2}},
    "data": {"masked": 0.5, "variants": 1},
    "optimiser": {"epochs": EPOCHS, "batch_size": 16, "warmup_epochs": 0.5},
})  # fmt: skip


@pytest.fixture(scope="module")
def sets(ferplus):
    """Training faces, their masked copies (a grey bar will do here), watched faces and theirs."""
    training, watched = ferplus.split(Split.TRAINING)[:256], ferplus.split(Split.PUBLIC_TEST)[:64]
    masked = [faces.images.copy() for faces in (training, watched)]
    for images in masked:
        images[:, 28:] = 200
    return training, masked[0][None], watched, masked[1]


@pytest.fixture(scope="module")
def straight(sets, tmp_path_factory):
    """A run in one go: its folder and its network."""
    run = tmp_path_factory.mktemp("straight")
    return run, fit(RECIPE, run, *sets)


def test_loss_falls(straight):
    history = json.loads((straight[0] / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["loss"] < 0.93 * history[0]["loss"]
    assert all(np.isfinite(list(row.values())).all() for row in history)


def test_what_a_run_leaves(straight, sets):
    run, model = straight
    names = {path.name for path in run.iterdir()}
    assert names == {"checkpoint-3.keras", "history.json", "curves.png", "model.keras", "recipe.json"}
    watched, masked = sets[2:]
    loaded = keras.saving.load_model(run / "model.keras")
    last = json.loads((run / "history.json").read_text())[-1]
    for name, images in (("full", watched.images), ("masked", masked)):
        answers = np.asarray(loaded(scale_pixels(images), training=False))
        assert answers == pytest.approx(np.asarray(model(scale_pixels(images), training=False)), abs=1e-6)
        assert np.mean(answers.argmax(1) == watched.classes) == pytest.approx(
            last[f"public_{name}"], abs=0.02
        )


def test_resumed_run_reaches_the_same_weights(straight, sets, tmp_path):
    fit(RECIPE, tmp_path, *sets, until=1)
    assert not (tmp_path / "model.keras").exists()
    # The next checkpoint was being written when the power went.
    (tmp_path / "checkpoint-2.keras").write_bytes((tmp_path / "checkpoint-1.keras").read_bytes()[:5000])
    (tmp_path / "history.part").write_text('[{"epoch": 1.0, "lo')
    resumed = fit(RECIPE, tmp_path, *sets)
    assert int(resumed.optimizer.iterations) == EPOCHS * 16
    for ours, theirs in zip(resumed.get_weights(), straight[1].get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    histories = [json.loads((run / "history.json").read_text()) for run in (tmp_path, straight[0])]
    assert histories[0][-1]["loss"] == pytest.approx(histories[1][-1]["loss"], abs=1e-4)


def test_run_of_another_recipe_is_left_alone(straight, sets):
    other = RECIPE.model_copy(update={"seed": 12})
    with pytest.raises(ConfigError, match="another recipe"):
        fit(other, straight[0], *sets)
