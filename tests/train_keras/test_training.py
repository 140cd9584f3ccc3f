import json
from dataclasses import replace

import cv2
import keras
import numpy as np
import pytest

from edge.errors import ConfigError
from edge.labels import LABELS
from train_keras.batches import scale_pixels
from train_keras.data.faces import Split
from train_keras.recipe import MatchingRecipe, Recipe
from train_keras.training import Hidden, fit, read_faces, train, with_watched

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


def test_a_run_goes_on_after_recipes_learned_to_say_more(sets, tmp_path):
    fit(RECIPE, tmp_path, *sets, until=1)
    kept = json.loads((tmp_path / "recipe.json").read_text())
    del kept["unlabelled"], kept["augmentation"]["mixup"]
    (tmp_path / "recipe.json").write_text(json.dumps(kept))
    fit(RECIPE, tmp_path, *sets, until=2)
    assert len(json.loads((tmp_path / "history.json").read_text())) == 2
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(ConfigError, match="another recipe"):
        fit(RECIPE, tmp_path, *sets)


PARSING = {"input_size": 48, "channels": 1, "rgc": False, "parse": True}


@pytest.mark.parametrize(
    ("options", "teacher", "complaint"),
    [
        (PARSING | {"features": 8}, None, r"model\.options: .*name it under \[matching\]"),
        (PARSING, "none.keras", "matching: this network answers neither features nor attention"),
        (PARSING | {"parse": False}, "none.keras", "matching: this network answers neither"),
        (PARSING | {"parse": False, "attention": True}, "none.keras", r"model\.options: .*set parse too"),
    ],
)
def test_a_teacher_without_a_student_and_a_student_without_a_teacher(options, teacher, complaint, tmp_path):
    matching = MatchingRecipe(teacher=teacher) if teacher else None
    model = RECIPE.model.model_copy(update={"options": options})
    with pytest.raises(ConfigError, match=complaint):
        train(RECIPE.model_copy(update={"model": model, "matching": matching}), tmp_path)
    assert not list(tmp_path.iterdir()), "told before anything is read, painted or written"


def test_mixed_precision_leaves_a_float32_network(sets, tmp_path):
    recipe = RECIPE.model_copy(
        update={
            "optimiser": RECIPE.optimiser.model_copy(update={"precision": "mixed_bfloat16", "epochs": 1}),
            "model": RECIPE.model.model_copy(
                update={"builder": "dcnn", "options": {"widths": (4, 6, 8), "hidden": 8}}
            ),
        }
    )
    fit(recipe, tmp_path, *sets)
    assert keras.config.dtype_policy().name == "float32"
    checkpoint = keras.saving.load_model(tmp_path / "checkpoint-1.keras")
    kept = keras.saving.load_model(tmp_path / "model.keras")
    assert checkpoint.get_layer("set2a_conv").compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}
    for ours, theirs in zip(kept.get_weights(), checkpoint.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_early_stopping_ends_with_the_best_epoch(sets, tmp_path):
    how = {"stop_after": 1, "epochs": 12, "learning_rate": 0.3, "schedule": "constant", "name": "adam"}
    recipe = RECIPE.model_copy(update={"optimiser": RECIPE.optimiser.model_copy(update=how)})
    model = fit(recipe, tmp_path, *sets)
    history = json.loads((tmp_path / "history.json").read_text())
    watched = [row["public_masked"] for row in history]
    assert len(history) < 12, "a learning rate this high was to get worse within twelve epochs"
    assert len(history) == watched.index(max(watched)) + 2
    answers = np.asarray(model(scale_pixels(sets[3]), training=False)).argmax(1)
    assert np.mean(answers == sets[2].classes) == pytest.approx(max(watched), abs=0.02)
    # Called again, it has nothing to do and answers the same.
    again = fit(recipe, tmp_path, *sets)
    assert len(json.loads((tmp_path / "history.json").read_text())) == len(history)
    assert np.array_equal(again.get_weights()[0], model.get_weights()[0])


def test_average_of_the_weights_is_watched_and_kept(sets, tmp_path):
    how = RECIPE.optimiser.model_copy(update={"average": 0.9, "epochs": 2})
    recipe = RECIPE.model_copy(update={"optimiser": how})
    fit(recipe, tmp_path / "run", *sets, until=1)
    fit(recipe, tmp_path / "run", *sets)
    kept = keras.saving.load_model(tmp_path / "run" / "model.keras")
    last = keras.saving.load_model(tmp_path / "run" / "checkpoint-2.keras")
    averages = [v for v in last.optimizer.variables if "average" in v.path]
    assert len(averages) == len(last.trainable_variables)
    for ours, average, trained in zip(
        kept.trainable_variables, averages, last.trainable_variables, strict=True
    ):
        assert np.asarray(ours) == pytest.approx(np.asarray(average), abs=1e-6)
        assert trained.shape == average.shape
    assert not np.allclose(np.asarray(kept.weights[0]), np.asarray(last.weights[0]))
    answers = np.asarray(kept(scale_pixels(sets[3]), training=False)).argmax(1)
    row = json.loads((tmp_path / "run" / "history.json").read_text())[-1]
    assert np.mean(answers == sets[2].classes) == pytest.approx(row["public_masked"], abs=0.02)


def test_distilled_student_learns_from_the_teachers_logits(sets, tmp_path):
    """A teacher that contradicts the labels: with alpha 0 the student follows the teacher."""
    teacher = np.zeros((len(sets[0]), 7), np.float32)
    teacher[:, 2] = 6.0
    data = RECIPE.model_dump() | {"distillation": {"teacher": "t.keras", "alpha": 0.0, "temperature": 2.0}}
    model = fit(Recipe.model_validate(data), tmp_path, *sets, teacher=teacher)
    answers = np.asarray(model(scale_pixels(sets[0].images), training=False)).argmax(1)
    assert np.mean(answers == 2) > 0.9
    assert np.mean(sets[0].classes == 2) < 0.2


@pytest.mark.slow
def test_joint_network_learns_what_is_hidden(sets, tmp_path):
    recipe = RECIPE.model_copy(
        update={
            "model": RECIPE.model.model_copy(
                update={"builder": "joint", "options": {"input_size": 48, "channels": 1, "width": 0.1}}
            )
        }
    )
    maps = np.zeros_like(sets[1])
    maps[:, :, 28:] = 255
    points = np.random.default_rng(0).uniform(4, 44, (len(sets[0]), 68, 2)).astype(np.float32)
    model = fit(recipe, tmp_path, *sets, hidden=Hidden(maps, points))
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["occlusion_loss"] < 0.7 * history[0]["occlusion_loss"]
    assert {"public_full", "public_masked", "landmarks_loss"} <= set(history[0])
    bare, covered = (
        np.asarray(model(scale_pixels(images), training=False)["occlusion"])[:, 8:].mean()
        for images in (sets[2].images, sets[3])
    )
    assert covered > bare + 0.03  # three epochs are a beginning


def test_a_set_without_a_watched_part_gives_a_tenth_of_its_people(ferplus):
    people = np.repeat([f"person{i}" for i in range(40)], 5)
    faces = replace(ferplus.split(Split.TRAINING)[:200], identities=people)
    split = with_watched(faces, seed=1)
    watched = split.splits == Split.PUBLIC_TEST
    assert 10 <= watched.sum() <= 30
    assert not set(people[watched]) & set(people[~watched])
    assert np.array_equal(split.images, faces.images)
    assert with_watched(split, seed=1) is split


def test_recipe_on_another_set(tmp_path, ferplus):
    pictures = iter(ferplus.images)
    for label in LABELS:
        (tmp_path / label).mkdir()
        for number in range(20):
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), next(pictures))
    data = RECIPE.model_dump() | {"data": {"set": "folders", "path": tmp_path}}
    faces = read_faces(Recipe.model_validate(data))
    assert {Split.TRAINING, Split.PUBLIC_TEST} == set(faces.splits)
    assert len(faces) == 140
    assert np.bincount(faces.classes).tolist() == [20] * 7
    with pytest.raises(ConfigError, match="no data set 'fer2014': use one of affectnet, "):
        read_faces(Recipe.model_validate(RECIPE.model_dump() | {"data": {"set": "fer2014"}}))
