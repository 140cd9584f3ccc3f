import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from convert.export import operators, to_float32, to_int8
from convert.parity import run_flatbuffer
from edge.errors import ConfigError
from train_keras.batches import scale_pixels
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.attention import attention_map
from train_keras.models.vit import vit

TINY = {"input_size": 28, "width": 16, "blocks": 2, "heads": 2}


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(0)
    return vit(**TINY)


def pictures(count=4, side=28):
    return np.random.default_rng(0).integers(0, 256, (count, side, side)).astype(np.uint8)


def test_parameters_of_the_published_network():
    """22.06 million: in colour, with positions for 37 x 37 patches, without a head."""
    model = vit(518, 3)
    assert model.count_params() - model.get_layer("logits").count_params() == 22_056_192


@pytest.fixture(scope="module")
def default():
    return vit()


def test_parameters_of_the_default(default):
    """Colours and positions that a grey face of 112 px does not need are the only difference."""
    fewer = 14 * 14 * 2 * 384 + (37 * 37 - 8 * 8) * 384
    assert default.count_params() == 22_056_192 - fewer + 768 * 7 + 7
    assert default.count_params() == 21_404_544 + 5_383


def test_cost_by_hand(default):
    tokens, width = 65, 384
    block = tokens * (4 + 2 * 4) * width**2 + 2 * tokens**2 * width
    by_hand = 64 * 14 * 14 * width + 12 * block + 2 * width * 7
    assert gflops(default) == pytest.approx(2e-9 * by_hand, rel=1e-9)
    assert gflops(default) == pytest.approx(2.85, abs=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_probabilities(channels):
    model = vit(**TINY, channels=channels, layer_scale=False)
    faces = np.random.default_rng(0).uniform(-1, 1, (3, 28, 28, channels)).astype(np.float32)
    answers = np.asarray(model(faces, training=False))
    assert answers.shape == (3, 7)
    assert answers.sum(1) == pytest.approx(1, abs=1e-5)
    assert np.abs(answers[0] - answers[1]).max() > 0


def test_save_and_load(tmp_path):
    model = vit(**TINY, dropout=0.1, drop_path=0.1, classes=5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    faces = scale_pixels(pictures())
    assert np.array_equal(loaded(faces, training=False), model(faces, training=False))
    assert json.loads(loaded.to_json()) == json.loads(model.to_json())
    loaded(faces, training=True)


def test_gradient_reaches_every_weight(tiny):
    faces = scale_pixels(pictures())
    with tf.GradientTape() as tape:
        loss = -tf.math.log(tiny(faces, training=True)[:, 0])
    weights = tiny.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
        assert gradient is not None, weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_a_half_block_is_passed_by_for_whole_pictures():
    model = vit(**TINY, drop_path=0.5, layer_scale=False)
    dropped = keras.Model(model.input, model.get_layer("block1_attention_drop").output)
    keras.utils.set_random_seed(1)
    branch = np.asarray(dropped(scale_pixels(pictures(64)), training=True))
    silent = (branch == 0).all((1, 2))
    assert 0 < silent.sum() < 64
    assert ((branch == 0).any((1, 2)) == silent).all()


def test_trains_in_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = vit(**TINY, layer_scale=False)
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.Adam(1e-2), "categorical_crossentropy")
    faces, targets = scale_pixels(pictures(6)), np.eye(7, dtype=np.float32)[:6]
    losses = model.fit(faces, targets, batch_size=4, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    answers = np.asarray(model(faces, training=False))
    assert answers.dtype == np.float32
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)


def test_converts_to_builtin_operators():
    keras.utils.set_random_seed(0)
    model = vit(**TINY, layer_scale=False)
    images = pictures(16)
    expected = model.predict(scale_pixels(images), verbose=0)
    flat = to_float32(model)
    assert "GELU" in operators(flat)
    assert run_flatbuffer(flat, images) == pytest.approx(expected, abs=1e-5)
    small = to_int8(model, [face[None] for face in scale_pixels(images)])
    operators(small)
    assert np.abs(run_flatbuffer(small, images) - expected).mean() < 0.03


def test_attention_map(tiny):
    maps = attention_map(tiny, scale_pixels(pictures(3)))
    assert maps.shape == (3, 2, 2)
    assert maps.dtype == np.float32
    assert maps.sum((1, 2)) == pytest.approx(1, abs=1e-6)
    assert (maps > 0).all()


def test_attention_map_finds_the_patch_that_answers():
    """Keys that grow with a patch's light: the class token must look at the brightest one."""
    model = vit(**{**TINY, "blocks": 1})
    keras.utils.set_random_seed(0)
    light = np.zeros((14, 14, 1, 16))
    light[..., 1] = 0.05
    model.get_layer("patches").set_weights([light, np.zeros(16)])
    positions = np.zeros((1, 5, 16))
    positions[0, 1:, 0] = 3  # so that normalising a token leaves something
    model.get_layer("positions").set_weights([positions])
    model.get_layer("class_token").set_weights([np.eye(16)[:1, None]])
    kernel, bias = np.zeros((16, 48)), np.zeros(48)
    bias[:16], kernel[1, 16:32] = 1, 5
    model.get_layer("block1_qkv").set_weights([kernel, bias])
    face = np.full((1, 28, 28, 1), -0.2, np.float32)
    face[0, 14:, :14] = 0.2
    answer = attention_map(model, face)[0]
    assert np.unravel_index(answer.argmax(), (2, 2)) == (1, 0)


def test_unusable_options():
    with pytest.raises(ValueError, match="input_size 100 is not a multiple of the patch, 14"):
        vit(100)
    with pytest.raises(ValueError, match="width 16 is not a multiple of the heads, 3"):
        vit(28, width=16, heads=3)
    with pytest.raises(ConfigError, match=r"model\.options: input_size 100"):
        build("vit", input_size=100)
