from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.outputs import expression_only
from train_keras.models.slim import slim
from train_keras.recipe import read_recipe


@pytest.fixture(scope="module")
def papers():
    return {rgc: slim(rgc=rgc) for rgc in (False, True)}


def test_papers_parameter_counts(papers):
    assert papers[False].count_params() == 376_983
    assert papers[True].count_params() == 756_983
    assert slim(bounded=True).count_params() == 756_983


def test_papers_cost(papers):
    assert gflops(papers[False]) == pytest.approx(0.0164, abs=1e-4)
    assert gflops(papers[True]) == pytest.approx(0.0194, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters", "cost"), [("slim", 756_407, 0.019), ("slim_fine", 755_255, 0.108)]
)
def test_cost_of_the_shipped_recipes(name, parameters, cost):
    recipe = read_recipe(Path(name)).model
    model = expression_only(build(recipe.builder, **recipe.options))
    assert model.count_params() == parameters
    assert gflops(model) == pytest.approx(cost, abs=5e-4)


def test_probabilities(papers):
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 48, 48, 3)).astype(np.float32)
    for model in papers.values():
        answers = np.asarray(model(faces, training=False))
        assert answers.shape == (2, 7)
        assert answers.sum(1) == pytest.approx([1, 1], abs=1e-5)
        assert np.abs(answers[0] - answers[1]).max() > 0


def test_heads_for_what_is_covered_leave_the_expression_alone():
    options = {"channels": 1, "stem_strides": 1, "first_expansion": 0, "strides": (2, 2, 1, 2, 1, 1)}
    plain, parsing = slim(**options), slim(parse=True, **options)
    extra = {"occlusion": 32 + 1, "masked": 640 + 1}
    assert parsing.count_params() == plain.count_params() + sum(extra.values())
    for layer in plain.layers:
        parsing.get_layer(layer.name).set_weights(layer.get_weights())
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 48, 48, 1)).astype(np.float32)
    answers = parsing(faces, training=False)
    assert {name: tuple(answer.shape) for name, answer in answers.items()} == {
        "expression": (2, 7),
        "occlusion": (2, 12, 12, 1),
        "masked": (2, 1),
    }
    assert np.allclose(answers["expression"], plain(faces, training=False), atol=1e-6)
    assert gflops(expression_only(parsing)) == gflops(plain)


def test_width_keeps_steps_of_eight():
    narrow = slim(16, width=0.75)
    widths = [narrow.get_layer(f"block{i}_project_conv").filters for i in range(1, 7)]
    assert widths == [16, 16, 24, 48, 72, 120]
    assert slim(16, width=1.0).count_params() == slim(16).count_params()


def test_save_and_load(tmp_path):
    model = slim(
        16, 1, bounded=True, stem_strides=1, first_expansion=0, strides=(2, 2, 1, 2, 1, 1), dropout=0.3
    )
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype(np.float32)
    model(faces, training=True)  # moves the statistics
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(faces, training=False), model(faces, training=False))


@pytest.mark.parametrize("strides", [(1, 2), (1,) * 7, ()])
def test_wrong_number_of_strides(strides):
    with pytest.raises(ValueError, match="strides needs 6 values"):
        slim(16, strides=strides)
    with pytest.raises(ConfigError, match=r"model\.options: strides needs 6 values"):
        build("slim", input_size=16, strides=strides)


def test_unknown_network_or_option():
    with pytest.raises(ConfigError, match=r"no network 'slam': one of .*\bfacet\b.*\bslim\b"):
        build("slam")
    with pytest.raises(ConfigError, match=r"model\.options: .*chanels"):
        build("slim", chanels=1)
