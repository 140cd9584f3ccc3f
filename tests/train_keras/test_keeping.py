import json
import shutil

import keras
import numpy as np
import pytest

from edge.errors import DataError, ModelMissingError
from train_keras import keeping, models
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


def test_what_comes_back_answers_like_the_run(run, tmp_path):
    path = keep(run, tmp_path / "starts")
    assert path.name == "tiny.npz"
    restored = restore("tiny", tmp_path / "again", tmp_path / "starts")
    before, after = keras.saving.load_model(run / WEIGHTS), keras.saving.load_model(restored)
    for ours, theirs in zip(after.get_weights(), before.get_weights(), strict=True):
        assert np.array_equal(ours, theirs.astype(np.float16).astype(np.float32))
    faces = np.random.default_rng(1).random((4, 16, 16, 1), np.float32)
    assert np.allclose(after.predict(faces, verbose=0), before.predict(faces, verbose=0), atol=2e-3)


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
    with pytest.raises(DataError, match=r"tiny takes .* MiB in half precision"):
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
