from pathlib import Path

import pytest

from edge.errors import ConfigError
from train_keras import recipe as training
from train_keras.crossval.protocol import prepared
from train_keras.crossval.recipe import RECIPES, read_crossval

MINIMAL = """
task = "crossval"
name = "a"
seed = 1
train = [{ set = "lfw" }]
[model]
builder = "slim"
[optimiser]
epochs = 1
"""


def test_what_ships():
    assert {"slim_lfw", "cbam_fedro", "cbam_ckplus", "cbam_cross"} <= {
        file.stem for file in RECIPES.glob("*.toml")
    }


@pytest.mark.parametrize("name", sorted(file.stem for file in RECIPES.glob("*.toml")))
def test_shipped_recipes(name):
    recipe = read_crossval(Path(name))
    assert recipe.name == name
    # Whether the network can be built with the recipe's options; its start is trained by who uses it.
    fresh = recipe.model_copy(update={"model": recipe.model.model_copy(update={"start": None})})
    classes = {"seven": 7, "five": 5, "three": 3}[recipe.data.labels]
    assert prepared(fresh).model.options["classes"] == classes


def test_defaults(tmp_path):
    (tmp_path / "a.toml").write_text(MINIMAL)
    recipe = read_crossval(tmp_path / "a.toml")
    assert (recipe.folds, recipe.data.tested, recipe.test) == (10, ("full", "mask"), ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"lfw" }]', '"lfw" }, { set = "kdef" }]', "folds are made of one set"),
        ('"lfw" }]', '"lfw" }, { set = "lfw" }]\ntest = [{ set = "kdef" }]', "twice in lfw, lfw"),
        ("seed = 1", "seed = 2013", "seed 2013 draws the test masks"),
        ("seed = 1", "seed = 1\nfolds = 1", "folds"),
        ('name = "a"', 'name = "A b"', "name"),
        ("epochs = 1", "epochs = 1\n[data]\ntested = ['beard']", "data.tested"),
        ("epochs = 1", "epoch = 1", "optimiser"),
        ('task = "crossval"', "", "no recipe for cross-validation"),
        ("seed = 1", "seed =", "not TOML"),
    ],
)
def test_unusable_values(tmp_path, old, new, message):
    assert old in MINIMAL
    (tmp_path / "a.toml").write_text(MINIMAL.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_crossval(tmp_path / "a.toml")


def test_missing_and_other_recipes():
    with pytest.raises(ConfigError, match=r"one of: .*slim_lfw"):
        read_crossval(Path("nowhere"))
    with pytest.raises(ConfigError, match="no recipe for cross-validation"):
        read_crossval(training.RECIPES / "slim.toml")
