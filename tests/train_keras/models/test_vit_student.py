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
from train_keras.models.vit_student import vit_student

TINY = {"input_size": 32, "stem": (4, 8), "width": 16, "blocks": 2, "heads": 2, "head": 16}


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(0)
    model = vit_student(**TINY)
    for _ in range(20):  # the statistics must not be those of an untouched network
        model(scale_pixels(pictures(32)), training=True)
    return model


def pictures(count=4, side=32):
    return np.random.default_rng(0).integers(0, 256, (count, side, side)).astype(np.uint8)


def test_parameters_by_hand():
    stem = 9 * (24 + 24 * 48 + 48 * 128) + 4 * (24 + 48 + 128) + 36 * 128
    block = (4 + 2 * 2) * 128**2 + 4 * (3 + 1 + 2 + 1) * 128
    head = 128 * 4 + 4 + 128 * 256 + 4 * 256 + 256 * 7 + 7
    assert vit_student().count_params() == stem + 5 * block + head == 780_675


def test_cost_by_hand():
    stem = 9 * (24**2 * 24 + 12**2 * 24 * 48 + 6**2 * 48 * 128)
    block = 36 * 8 * 128**2 + 2 * 36**2 * 128
    head = 36 * 128 * (4 + 256) + 36 * 256 + 256 * 7
    assert gflops(vit_student()) == pytest.approx(2e-9 * (stem + 5 * block + head), rel=1e-9)
    assert gflops(vit_student()) == pytest.approx(0.0601, abs=1e-4)


def test_probabilities(tiny):
    answers = np.asarray(tiny(scale_pixels(pictures()), training=False))
    assert answers.shape == (4, 7)
    assert answers.sum(1) == pytest.approx(1, abs=1e-5)
    assert np.abs(answers[0] - answers[1]).max() > 0


def test_save_and_load(tmp_path):
    model = vit_student(**TINY, channels=3, dropout=0.1, classes=5)
    faces = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    model(faces, training=True)  # moves the statistics
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(faces, training=False), model(faces, training=False))


def silent(model):
    """The normalisations that end a half block."""
    return [layer for layer in model.layers if layer.name.endswith(("attention_out_bn", "mlp_out_bn"))]


def test_every_half_block_begins_silent():
    model = vit_student(**TINY)
    assert len(silent(model)) == 2 * sum(layer.name.endswith("_attention") for layer in model.layers)
    assert all(not np.any(layer.gamma) for layer in silent(model))


def test_gradient_reaches_every_weight():
    model = vit_student(**TINY)
    for layer in silent(model):  # as after a first step: behind a factor of zero nothing is learned yet
        layer.gamma.assign(np.ones(layer.gamma.shape))
    with tf.GradientTape() as tape:
        loss = -tf.math.log(model(scale_pixels(pictures(8)), training=True)[:, 0])
    weights = model.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
        assert gradient is not None, weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_trains_in_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = vit_student(**TINY)
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.Adam(1e-2), "categorical_crossentropy")
    faces, targets = scale_pixels(pictures(8)), np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4, 5, 6, 0]]
    losses = model.fit(faces, targets, batch_size=4, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert np.asarray(model(faces, training=False)).dtype == np.float32


def test_converts_to_builtin_operators(tiny):
    images = pictures(16)
    expected = tiny.predict(scale_pixels(images), verbose=0)
    flat = to_float32(tiny)
    operators(flat)
    assert run_flatbuffer(flat, images) == pytest.approx(expected, abs=1e-5)
    small = to_int8(tiny, [face[None] for face in scale_pixels(images)])
    # No normalisation is left, nothing is computed in float between the ends.
    assert not {"RSQRT", "SQUARED_DIFFERENCE", "DEQUANTIZE"} & set(operators(small))
    assert np.abs(run_flatbuffer(small, images) - expected).mean() < 0.02


def test_attention_map(tiny):
    faces = scale_pixels(pictures(3))
    maps = attention_map(tiny, faces)
    assert maps.shape == (3, 4, 4)
    assert maps.sum((1, 2)) == pytest.approx(1, abs=1e-6)
    scores = keras.Model(tiny.input, tiny.get_layer("pool_scores").output)(faces, training=False)
    powers = np.exp(np.asarray(scores))
    shares = powers / powers.sum((1, 2), keepdims=True)
    assert maps == pytest.approx(shares.mean(-1), abs=1e-6)


def test_unusable_options():
    with pytest.raises(ValueError, match="input_size 50 is not a multiple of the stem's stride, 8"):
        vit_student(50)
    with pytest.raises(ValueError, match="width 16 is not a multiple of the heads, 3"):
        vit_student(width=16, heads=3)
    with pytest.raises(ValueError, match="head 10 is not a multiple of the heads, 4"):
        vit_student(head=10)
    with pytest.raises(ConfigError, match=r"model\.options: input_size 50"):
        build("vit_student", input_size=50)
