import json
import shutil

import keras
import numpy as np
import pytest

from edge.errors import ConfigError, DataError, ModelMissingError
from train_keras import changes, keeping, models
from train_keras.keeping import keep, restore
from train_keras.recipe import Recipe
from train_keras.runs import RECIPE, WEIGHTS

RECIPE_OF_RUN = Recipe.model_validate(
    {
        "name": "tiny",
        "seed": 1,
        "model": {"builder": "slim", "options": {"input_size": 16, "channels": 1, "rgc": False}},
        "data": {"fer2013": "/somewhere/private/fer2013.npz"},
        "optimiser": {"epochs": 1},
    }
)


@pytest.fixture
def run(tmp_path):
    keras.utils.set_random_seed(1)
    folder = tmp_path / "runs" / "tiny"
    folder.mkdir(parents=True)
    models.build("slim", **RECIPE_OF_RUN.model.options).save(folder / WEIGHTS)
    (folder / RECIPE).write_text(RECIPE_OF_RUN.model_dump_json())
    return folder


def test_a_large_variance_comes_back(run, tmp_path):
    network = keras.saving.load_model(run / WEIGHTS)
    layer = network.get_layer("head_bn")
    gamma, beta, mean, variance = layer.get_weights()
    variance[3] = 100_000
    layer.set_weights([gamma, beta, mean, variance])
    network.save(run / WEIGHTS)
    keep(run, tmp_path / "starts")
    again = keras.saving.load_model(restore("tiny", tmp_path / "again", tmp_path / "starts"))
    assert np.array_equal(again.get_layer("head_bn").get_weights()[3], variance)


def test_what_comes_back_answers_like_the_run(run, tmp_path):
    path = keep(run, tmp_path / "starts")
    assert path.name == "tiny.npz"
    restored = restore("tiny", tmp_path / "again", tmp_path / "starts")
    before, after = keras.saving.load_model(run / WEIGHTS), keras.saving.load_model(restored)
    for ours, theirs in zip(after.get_weights(), before.get_weights(), strict=True):
        assert np.array_equal(ours, theirs.astype(np.float16).astype(np.float32))
    faces = np.random.default_rng(1).random((4, 16, 16, 1), np.float32)
    assert np.allclose(after.predict(faces, verbose=0), before.predict(faces, verbose=0), atol=2e-3)


def test_a_large_network_comes_back_from_8_bits(run, tmp_path, monkeypatch):
    whole = keep(run, tmp_path / "starts").stat().st_size
    network = keras.saving.load_model(run / WEIGHTS)
    monkeypatch.setattr(keeping, "LARGEST", int(1.9 * network.count_params()))
    path = keep(run, tmp_path / "starts")
    assert path.stat().st_size < 0.65 * whole
    after = keras.saving.load_model(restore("tiny", tmp_path / "again", tmp_path / "starts"))
    for ours, theirs in zip(after.get_weights(), network.get_weights(), strict=True):
        largest = np.abs(theirs).reshape(-1, theirs.shape[-1]).max(0)
        assert (np.abs(ours - theirs) <= largest / 250 + 1e-3).all()
    faces = np.random.default_rng(1).random((4, 16, 16, 1), np.float32)
    assert np.allclose(after.predict(faces, verbose=0), network.predict(faces, verbose=0), atol=0.02)


def test_a_large_convolutional_network_needs_no_start(tmp_path, monkeypatch):
    """Though its recipe names one; and each channel of a depthwise kernel stays as exact as the others."""
    options = {"input_size": 32, "width": 0.125}
    model = {"builder": "face_mobilenet", "options": options, "start": "/nowhere/start.keras"}
    recipe = RECIPE_OF_RUN.model_dump() | {"name": "wide", "model": model}
    keras.utils.set_random_seed(1)
    network = models.build("face_mobilenet", **options)
    run = tmp_path / "runs" / "wide"
    run.mkdir(parents=True)
    network.save(run / WEIGHTS)
    (run / RECIPE).write_text(Recipe.model_validate(recipe).model_dump_json())
    monkeypatch.setattr(keeping, "LARGEST", int(1.9 * network.count_params()))
    monkeypatch.setattr(keeping, "MANY", 256)
    keep(run, tmp_path / "starts")
    after = keras.saving.load_model(restore("wide", tmp_path / "again", tmp_path / "starts"))
    for ours, theirs in zip(after.weights, network.weights, strict=True):
        exact = np.array_equal(ours.numpy(), theirs.numpy().astype(np.float16).astype(np.float32))
        assert exact == ("depthwise" in theirs.path or theirs.shape.num_elements() < 256), theirs.path


def test_a_restored_run_has_its_recipe_but_no_paths_of_another_machine(run, tmp_path):
    path = keep(run, tmp_path / "starts")
    assert b"private" not in path.read_bytes()
    restore("tiny", tmp_path / "again", tmp_path / "starts")
    recipe = json.loads((tmp_path / "again" / RECIPE).read_text())
    assert recipe["model"]["options"]["input_size"] == 16
    assert "private" not in recipe["data"]["fer2013"]


def test_what_cannot_be_kept(run, tmp_path, monkeypatch):
    with pytest.raises(ModelMissingError, match="nothing is no finished run: run `mien train nothing`"):
        keep(tmp_path / "nothing")
    monkeypatch.setattr(keeping, "LARGEST", 1000)
    with pytest.raises(DataError, match=r"tiny takes .* MiB: too much to keep"):
        keep(run, tmp_path / "starts")
    assert not list((tmp_path / "starts").iterdir())


def test_what_cannot_be_restored(run, tmp_path):
    starts = tmp_path / "starts"
    path = keep(run, starts)
    with pytest.raises(ModelMissingError, match=r"no weights of 'tinny' are kept: .* one of: tiny"):
        restore("tinny", tmp_path / "again", starts)
    shutil.copy(path, starts / "cut.npz")
    (starts / "cut.npz").write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(DataError, match="is damaged"):
        restore("cut", tmp_path / "again", starts)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["w0000"] = arrays["w0000"][..., :1]
    np.savez(starts / "other.npz", **arrays)
    with pytest.raises(DataError, match="does not fit its recipe"):
        restore("other", tmp_path / "again", starts)
    assert not (tmp_path / "again").exists()


def _change(rng, shape):
    """Much along one direction, a little along all."""
    little = 0.002 * rng.standard_normal(shape)
    return little + 0.02 * np.outer(*map(rng.standard_normal, shape)) if len(shape) == 2 else little


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """The run of a transformer that was tuned from another's weights and is too large to keep whole."""
    monkeypatch.setattr(changes, "LARGE", 4096)
    monkeypatch.setattr(changes, "RANK", 8)
    options = {"input_size": 28, "channels": 1, "width": 64, "blocks": 2, "heads": 2}
    keras.utils.set_random_seed(2)
    whole = models.build("vit", **options)
    keras.Model(whole.input, whole.get_layer("summary").output).save(tmp_path / "start.keras")
    rng = np.random.default_rng(3)
    whole.set_weights([each + _change(rng, each.shape) for each in whole.get_weights()])
    model = RECIPE_OF_RUN.model.model_copy(
        update={"builder": "vit", "options": options, "start": tmp_path / "start.keras"}
    )
    folder = tmp_path / "runs" / "tuned"
    folder.mkdir(parents=True)
    whole.save(folder / WEIGHTS)
    (folder / RECIPE).write_text(
        RECIPE_OF_RUN.model_copy(update={"name": "tuned", "model": model}).model_dump_json()
    )
    monkeypatch.setattr(keeping, "LARGEST", whole.count_params() * 2 - 1)
    return folder


def test_a_large_network_comes_back_nearer_to_its_run_than_to_its_start(tuned, tmp_path):
    path = keep(tuned, tmp_path / "starts")
    assert path.stat().st_size < keeping.LARGEST / 3
    restored = keras.saving.load_model(restore("tuned", tmp_path / "again", tmp_path / "starts"))
    before, start = (
        keras.saving.load_model(tuned / WEIGHTS),
        keras.saving.load_model(tmp_path / "start.keras"),
    )
    for layer in before.layers:
        pairs = zip(restored.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True)
        for number, (ours, theirs) in enumerate(pairs):
            if ours.ndim == 2 and ours.size >= changes.LARGE:
                began = start.get_layer(layer.name).get_weights()[number]
                assert np.square(ours - theirs).sum() < 0.2 * np.square(began - theirs).sum()
            else:
                assert np.array_equal(ours, theirs.astype(np.float16).astype(np.float32))


def test_a_large_network_without_its_start_or_with_another(tuned, tmp_path):
    path, start = keep(tuned, tmp_path / "starts"), tmp_path / "start.keras"
    start.rename(tmp_path / "elsewhere.keras")
    for call in (lambda: restore("tuned", tmp_path / "again", tmp_path / "starts"), lambda: keep(tuned)):
        with pytest.raises(
            ConfigError, match=r"model\.start: .*start\.keras is missing: make or train it first"
        ):
            call()
    other = keras.saving.load_model(tmp_path / "elsewhere.keras")
    other.set_weights([each + 1e-3 for each in other.get_weights()])
    other.save(start)
    with pytest.raises(ConfigError, match="of another start than this one"):
        restore("tuned", tmp_path / "again", tmp_path / "starts")
    shutil.copy(tmp_path / "elsewhere.keras", start)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(DataError, match="is damaged"):
        restore("tuned", tmp_path / "again", tmp_path / "starts")
    assert not (tmp_path / "again").exists()
