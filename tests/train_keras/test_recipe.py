from pathlib import Path

import pytest

from edge.errors import ConfigError
from train_keras.recipe import RECIPES, DetectionRecipe, read_recipe

RECIPE = """
name = "mine"
seed = 1
[model]
builder = "slim"
[optimiser]
epochs = 2
{optimiser}
[data]
{data}
[augmentation]
{augmentation}
"""


def write(path, optimiser="", data="", augmentation=""):
    path.write_text(RECIPE.format(optimiser=optimiser, data=data, augmentation=augmentation))
    return path


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_recipes(file):
    recipe = read_recipe(Path(file.stem))
    assert recipe.name == file.stem
    assert recipe == read_recipe(file)


def test_defaults_and_given_values(tmp_path):
    recipe = read_recipe(write(tmp_path / "mine.toml", data="masked = 0.25", augmentation="rotation = 3"))
    assert recipe.data.masked == 0.25
    assert recipe.augmentation.rotation == 3
    assert recipe.optimiser.epochs == 2
    assert recipe.optimiser.batch_size == 128


@pytest.mark.parametrize(
    ("section", "line", "key"),
    [
        ("optimiser", "learning_rte = 1e-3", "optimiser.learning_rte"),
        ("optimiser", "batch_size = 0", "optimiser.batch_size"),
        ("optimiser", "learning_rate = -1.0", "optimiser.learning_rate"),
        ("data", "masked = 1.5", "data.masked"),
        ("data", "limit = 0", "data.limit"),
        ("data", 'fer2013 = ["a"]', "data.fer2013"),
        ("augmentation", "rotatoin = 3", "augmentation.rotatoin"),
        ("augmentation", "mixup = -0.2", "augmentation.mixup"),
    ],
)
def test_a_bad_key_is_named_in_full(section, line, key, tmp_path):
    with pytest.raises(ConfigError, match=rf"mine\.toml: {key}: "):
        read_recipe(write(tmp_path / "mine.toml", **{section: line}))


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe\x00"])
def test_not_toml(content, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml is not TOML"):
        read_recipe(path)


@pytest.mark.parametrize("name", ["nothing", "elsewhere/slim.toml", "slim.v2", "."])
def test_missing_recipe_lists_names(name):
    with pytest.raises(ConfigError, match=r"no recipe .*: .*facet, .*slim, slim_fine"):
        read_recipe(Path(name))


DETECTION = """
name = "mine"
seed = 1
task = "{task}"
[model]
builder = "facet"
[optimiser]
epochs = 2
{rest}
"""


def test_detection_recipe(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DETECTION.format(task="detection", rest="[mixture]\nphoto = 0.2\n[loss]\nbox = 3"))
    recipe = read_recipe(path)
    assert isinstance(recipe, DetectionRecipe)
    assert recipe.mixture.kinds["photo"] == 0.2
    assert recipe.loss.box == 3
    assert (recipe.loss.lean, recipe.mixture.turned) == (0, 0)
    assert DetectionRecipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize(
    ("rest", "key"),
    [
        ("[loss]\nlean = -1", "loss.lean"),
        ("[mixture]\nturned = 1.5", "mixture.turned"),
        ("[closing]\nmixture = { turned = -0.5 }", "closing.mixture.turned"),
        ("[mixture]\nturnd = 0.5", "mixture.turnd"),
    ],
)
def test_a_bad_key_of_a_detection_recipe(rest, key, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DETECTION.format(task="detection", rest=rest))
    with pytest.raises(ConfigError, match=rf"mine\.toml: (detection\.)?{key}: "):
        read_recipe(path)


def test_the_recipe_for_leaning_faces_turns_them_to_the_end():
    """It goes on from the shipped network, long enough, and its last epochs turn faces too."""
    recipe = read_recipe(Path("facet_lean"))
    assert isinstance(recipe, DetectionRecipe)
    assert recipe.model.start == Path("facet-0.2.keras")
    assert recipe.optimiser.epochs >= 20
    assert min(recipe.loss.lean, recipe.mixture.turned, recipe.closing.mixture.turned) > 0


@pytest.mark.parametrize(
    ("task", "rest", "key"),
    [
        ("detection", "[mixture]\nphotos = 1", "mixture.photos"),
        ("detection", "[data]\nmasked = 0.5", "data.masked"),
        ("detection", "[loss]\nbox = 'much'", "loss.box"),
        ("expression", "[mixture]\nphoto = 1", "mixture"),
        ("segmentation", "", "task"),
    ],
)
def test_bad_keys_of_either_task(task, rest, key, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DETECTION.format(task=task, rest=rest))
    with pytest.raises(ConfigError, match=rf"mine\.toml: {key}: "):
        read_recipe(path)
