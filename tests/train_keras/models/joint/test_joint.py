from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.joint_losses import joint_losses
from train_keras.models import build
from train_keras.models.joint import joint

MODULES = {"fopm": "fopm", "occlusion": "fopm", "landmarks": "fopm", "effm": "effm", "ferm": "ferm"}


@pytest.fixture(scope="module")
def papers():
    return joint()


def parameters(model):
    counts = Counter()
    for layer in model.layers:
        counts[MODULES.get(layer.name.split("_")[0], "ferm")] += layer.count_params()
    return counts


def test_papers_parameter_counts(papers):
    assert parameters(papers) == {"fopm": 3_498_357, "effm": 1_884_552, "ferm": 4_464_647}
    assert papers.count_params() == 9_847_556


def test_papers_cost(papers):
    first, second = (
        keras.Model(papers.input, papers.get_layer(f"fopm_group1_{i}_conv").output) for i in (1, 2)
    )
    by_hand = 112 * 112 * 64 * 3 * 9
    assert gflops(first) == pytest.approx(2e-9 * by_hand)
    assert gflops(second) == pytest.approx(2e-9 * (by_hand + 112 * 112 * 64 * 64 * 9))
    assert gflops(papers) == pytest.approx(2 * 17.24, abs=0.01)


def test_maps(papers):
    assert papers.get_layer("fopm_group3_3_relu").output.shape == (None, 56, 56, 512)
    assert {name: tuple(output.shape[1:]) for name, output in papers.output.items()} == {
        "expression": (7,),
        "occlusion": (56, 56, 1),
        "landmarks": (56, 56, 68),
    }


def test_answers(networks, faces):
    answers = {name: np.asarray(answer) for name, answer in networks["joint"](faces, training=False).items()}
    assert answers["expression"].sum(1) == pytest.approx(np.ones(6), abs=1e-5)
    assert np.abs(answers["expression"][0] - answers["expression"][1]).max() > 0
    assert 0 <= answers["occlusion"].min() < answers["occlusion"].max() <= 1


def test_weights_fit_every_size(networks, tiny):
    larger = joint(**{**tiny, "input_size": 32})
    larger.set_weights(networks["joint"].get_weights())
    assert larger.output["landmarks"].shape == (None, 8, 8, 68)


@pytest.mark.parametrize("name", ["joint", "joint_light"])
def test_save_and_load(name, networks, faces, tmp_path):
    networks[name].save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for output, answer in networks[name](faces, training=False).items():
        assert np.array_equal(loaded(faces, training=False)[output], answer)


@pytest.mark.parametrize("name", ["joint", "joint_light"])
def test_gradient_reaches_every_weight(name, networks, faces):
    """Through the sum of the three losses, and all but the heat maps' head through the expression alone."""
    model = networks[name]
    with tf.GradientTape(persistent=True) as tape:
        answers = model(faces, training=True)
        expression = -tf.reduce_mean(tf.math.log(answers["expression"][:, 2]))
        maps = [tf.reduce_mean((answers[output] - 0.3) ** 2) for output in ("occlusion", "landmarks")]
        loss = expression + sum(maps)
    weights = [variable.value for variable in model.trainable_variables]
    for target in (loss, expression):
        for variable, gradient in zip(model.trainable_variables, tape.gradient(target, weights), strict=True):
            assert gradient is not None, variable.path
            assert np.abs(np.asarray(gradient)).max() > 0, variable.path


@pytest.mark.parametrize(
    ("module", "gone", "outputs"),
    [
        ("fopm", {"fopm_occlusion_in_conv", "effm_exposed", "effm_regions", "effm_prior"}, {"expression"}),
        ("effm", {"effm_regions", "effm_eyes_conv", "effm_fused"}, {"expression", "occlusion", "landmarks"}),
        ("ferm", {"ferm_encoder1_conv", "ferm_join"}, {"expression", "occlusion", "landmarks"}),
    ],
)
def test_ablations(module, gone, outputs, networks, faces, tiny):
    model = joint(**tiny, **{module: False})
    whole = {layer.name for layer in networks["joint"].layers}
    assert gone <= whole
    assert not gone & {layer.name for layer in model.layers}
    assert set(model.output) == outputs
    assert model.count_params() < networks["joint"].count_params()
    assert np.asarray(model(faces, training=False)["expression"]).shape == (6, 7)
    model.compile("sgd", run_eagerly=True, **joint_losses(model))
    targets = {name: np.full(output.shape, 0.5) for name, output in model(faces).items()}
    assert np.isfinite(model.evaluate(faces, targets, verbose=0)).all()


@pytest.mark.parametrize("name", ["joint", "joint_light"])
def test_trains_in_bfloat16(name, faces, tiny):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name, **(tiny if name == "joint" else {"input_size": 16}))
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("effm_fused").compute_dtype == "bfloat16"
    assert {output.dtype for output in model.output.values()} == {"float32"}
    model.compile("sgd", run_eagerly=True, **joint_losses(model))
    targets = {name: np.full((6, *output.shape[1:]), 0.5) for name, output in model.output.items()}
    before = model.get_layer("effm_eyes_gate").get_weights()[0]
    assert np.isfinite(model.train_on_batch(faces, targets)).all()
    assert np.abs(model.get_layer("effm_eyes_gate").get_weights()[0] - before).max() > 0


def test_dropout_is_optional(tiny):
    names = [layer.name for layer in joint(**tiny, dropout=0.2).layers]
    assert names.index("dropout") < names.index("logits")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input_size": 100}, "input_size needs a multiple of 16, got 100"),
        ({"input_size": 0}, "input_size needs a multiple of 16, got 0"),
        ({"width": 0}, "width needs to be positive, got 0"),
        ({"depth": 3}, "depth"),
    ],
)
def test_unusable_options(options, said):
    with pytest.raises(ConfigError, match=rf"model\.options: .*{said}"):
        build("joint", **options)
