import json

import keras
import numpy as np
import pytest
from drawn_faces import drawn_face

from edge.errors import ConfigError
from train_keras.detection.batches import PictureBatches
from train_keras.detection.sampling import Mixture, Sources
from train_keras.detection.training import _build, fit
from train_keras.detection.watch import Watch
from train_keras.recipe import DetectionRecipe, HintRecipe

RECIPE = DetectionRecipe.model_validate({
    "name": "small",
    "seed": 5,
    "task": "detection",
    "model": {
        "builder": "facet",
        "options": {
            "input_size": (96, 64), "channels": (8, 8, 16, 16, 16), "blocks": (0, 1, 0, 0), "neck": 16,
        },
    },
    "data": {"pictures": 64},
    "optimiser": {"epochs": 3, "batch_size": 8, "warmup_epochs": 0.2, "learning_rate": 5e-3},
})  # fmt: skip
PHOTOS = [drawn_face(side, masked, 300, 200) for side in (90, 120, 150) for masked in (False, True)]
SOURCES = Sources(PHOTOS, ((1.0, [drawn_face(60), drawn_face(60, masked=True)]),))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    run = tmp_path_factory.mktemp("straight")
    return run, fit(RECIPE, run, SOURCES, PHOTOS, workers=0)


def test_loss_falls(straight):
    history = json.loads((straight[0] / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["loss"] < 0.95 * history[0]["loss"]
    assert {"recall_masked", "recall_bare", "threshold", "mask_state"} <= set(history[-1])


def test_what_a_run_leaves(straight):
    run, model = straight
    assert {path.name for path in run.iterdir()} == {
        "checkpoint-3.keras", "curves.png", "history.json", "model.keras", "recipe.json",
    }  # fmt: skip
    maps = keras.saving.load_model(run / "model.keras")
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 64, 96, 3)).astype(np.float32)
    answers = maps(picture, training=False)
    assert set(answers) == {f"{kind}{stride}" for kind in ("class", "geometry") for stride in (8, 16, 32)}
    rows = np.asarray(model(picture, training=False))
    assert np.asarray(answers["class8"]).reshape(-1, 4) == pytest.approx(rows[0, : 8 * 12, :4], abs=1e-5)


@pytest.mark.slow
def test_resumed_run_reaches_the_same_weights(straight, tmp_path):
    fit(RECIPE, tmp_path, SOURCES, PHOTOS, until=1, workers=0)
    assert not (tmp_path / "model.keras").exists()
    resumed = fit(RECIPE, tmp_path, SOURCES, PHOTOS, workers=0)
    for ours, theirs in zip(resumed.get_weights(), straight[1].get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)


@pytest.mark.slow
def test_hints_take_part(shared, tmp_path):
    """They are learnt beside the task, fade out, survive a kill and leave no trace in the network."""
    weights = shared.parent / "weights" / "yunet_n_640_640.onnx"
    recipe = RECIPE.model_copy(
        update={
            "hints": HintRecipe(weight=1.0, until=0.6),
            "data": RECIPE.data.model_copy(update={"pictures": 32, "teacher": weights}),
        }
    )
    fit(recipe, tmp_path, SOURCES, PHOTOS, until=1, workers=0)
    fit(recipe, tmp_path, SOURCES, PHOTOS, workers=0)
    told = [row["hints_loss"] for row in json.loads((tmp_path / "history.json").read_text())]
    assert told[0] > told[1] > told[2] == 0
    maps = keras.saving.load_model(tmp_path / "model.keras")
    assert not [layer.name for layer in maps.layers if layer.name.startswith("hint")]


def test_run_of_another_recipe_is_left_alone(straight):
    with pytest.raises(ConfigError, match="another recipe"):
        fit(RECIPE.model_copy(update={"seed": 6}), straight[0], SOURCES, PHOTOS)


@pytest.mark.slow
def test_a_run_begins_with_another_ones_weights(straight, tmp_path):
    """Also at another input size."""
    run, model = straight
    options = {**RECIPE.model.options, "input_size": (64, 32)}
    begun = RECIPE.model.model_copy(update={"options": options, "start": run / "model.keras"})
    recipe = RECIPE.model_copy(
        update={"model": begun, "optimiser": RECIPE.optimiser.model_copy(update={"learning_rate": 1e-9})}
    )
    again = fit(recipe, tmp_path, SOURCES, [], until=1, workers=0)
    kernels = [layer.kernel.numpy() for layer in again.layers if layer.name.startswith("class")]
    wanted = [layer.kernel.numpy() for layer in model.layers if layer.name.startswith("class")]
    for ours, theirs in zip(kernels, wanted, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_new_blocks_begin_quiet(straight, tmp_path):
    """A network with one more residual block says nearly what the one it begins with says."""
    run, model = straight
    options = {**RECIPE.model.options, "blocks": (0, 2, 0, 0)}
    begun = RECIPE.model.model_copy(update={"options": options, "start": run / "model.keras"})
    deeper = _build(RECIPE.model_copy(update={"model": begun}))
    assert len(deeper.layers) > len(model.layers)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 64, 96, 3)).astype(np.float32)
    ours, theirs = (np.asarray(network(picture, training=False)).ravel() for network in (deeper, model))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98


def test_unusable_starts(straight, tmp_path):
    (tmp_path / "text.keras").write_text("no network")
    wide = {**RECIPE.model.options, "neck": 24}
    for start, options in (
        (tmp_path / "none.keras", RECIPE.model.options),
        (tmp_path / "text.keras", RECIPE.model.options),
        (straight[0] / "model.keras", wide),
    ):
        model = RECIPE.model.model_copy(update={"start": start, "options": options})
        with pytest.raises(ConfigError, match=r"model\.start"):
            fit(RECIPE.model_copy(update={"model": model}), tmp_path / start.stem, SOURCES, [], workers=0)


def test_batches_follow_seed_epoch_and_step():
    def batches(workers):
        return PictureBatches(
            SOURCES, (96, 64), pictures=16, batch_size=8, seed=1, mixture=Mixture(), workers=workers
        )

    first, second = batches(0), batches(2)
    assert len(first) == 2
    assert np.array_equal(first[1][0], second[1][0])
    assert not np.array_equal(first[0][0], first[1][0])
    images, faces = first[0]
    assert (images.dtype, faces.dtype) == (np.float32, np.float32)
    assert -1 <= images.min() < images.max() < 1
    second.epoch = 1
    assert not np.array_equal(first[0][0], second[0][0])


def test_last_epochs_have_their_own_mixture():
    nothing = {"photo": 0.0, "mosaic": 0.0, "close": 0.0, "pasted": 0.0}
    batches = PictureBatches(
        SOURCES, (96, 64), pictures=8, batch_size=8, seed=1, mixture=Mixture(), closing=Mixture(**nothing),
        closes=2,
    )  # fmt: skip
    for epoch, faces in ((0, True), (1, True), (2, False), (5, False)):
        batches.epoch = epoch
        assert batches[0][1].any() == faces


class _Oracle:
    """Says where the faces of `watch` are, as cells would."""

    def __init__(self, watch, answers):
        self.watch, self.answers, self.at = watch, answers, 0

    def predict_on_batch(self, images):
        from train_keras.detection.cells import CHANNELS, SCORE, SIDES, STATES

        out = np.zeros((len(images), len(self.watch.centres), CHANNELS), np.float32)
        out[..., SCORE] = -9
        for row in out:
            for box, score, state in self.answers[self.at]:
                middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
                cell = np.abs(self.watch.centres - middle).sum(axis=1).argmin()
                centre, stride = self.watch.centres[cell], self.watch.strides[cell]
                row[cell, SIDES] = np.array([*(centre - box[:2]), *(box[2:] - centre)]) / stride
                row[cell, SCORE], row[cell, STATES.start + state] = score, 5
            self.at += 1
        return out


def test_watch_counts_hits_and_states():
    watch = Watch(PHOTOS, 96, 64)
    boxes = [faces[0, :4] for faces in watch.faces]
    states = [int(faces[0, 4]) for faces in watch.faces]
    all_right = [[(box, 3.0, state)] for box, state in zip(boxes, states, strict=True)]
    assert watch(_Oracle(watch, all_right)) == {
        "recall_masked": 1.0, "recall_bare": 1.0, "threshold": pytest.approx(0.05), "mask_state": 1.0,
    }  # fmt: skip
    # One masked face lost, one bare face called masked.
    spoilt = [list(answers) for answers in all_right]
    spoilt[1] = []
    spoilt[0] = [(boxes[0], 3.0, 0)]
    result = watch(_Oracle(watch, spoilt))
    assert result["recall_masked"] == pytest.approx(2 / 3)
    assert result["recall_bare"] == 1.0
    assert result["mask_state"] == pytest.approx(4 / 5)


def test_watch_charges_false_boxes():
    """A false box surer than a face raises the threshold above that face."""
    watch = Watch(PHOTOS, 96, 64)
    answers = [[(faces[0, :4], 1.0, int(faces[0, 4]))] for faces in watch.faces]
    answers[0].append((np.float32([1, 1, 24, 24]), 2.0, 0))
    assert watch(_Oracle(watch, answers))["recall_bare"] == 0.0


def test_watch_without_photographs():
    assert Watch([], 96, 64)(None) == {}
