import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from convert import export
from train_keras.cost import gflops
from train_keras.models.cbam import SPATIAL_KERNEL, WIDTHS, cbam, channel_attention, spatial_attention

TINY = {"input_size": 16, "channels": 1, "widths": (4, 8)}


def by_hand(attention):
    stem = 9 * 3 * 32
    stages = sum(9 * a * b + 9 * b * b for a, b in zip((32, *WIDTHS[:-1]), WIDTHS, strict=True))
    normalised = 4 * (32 + 2 * sum(WIDTHS))
    gates = sum(2 * w * (w // 8) + w // 8 + w + 2 * SPATIAL_KERNEL**2 + 1 for w in WIDTHS)
    return stem + stages + normalised + 256 * 7 + 7 + attention * gates


@pytest.mark.parametrize("attention", [True, False])
def test_parameters_by_hand(attention):
    assert cbam(attention=attention).count_params() == by_hand(attention)


def test_cost():
    assert gflops(cbam()) == pytest.approx(0.4990, abs=5e-4)
    assert gflops(cbam(64, 1)) == pytest.approx(0.1236, abs=5e-4)
    assert gflops(cbam(64, 1, attention=False)) == pytest.approx(0.1233, abs=5e-4)


def test_channel_attention_by_the_equation():
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 16)).astype(np.float32)
    inputs = keras.Input((5, 5, 16))
    model = keras.Model(inputs, channel_attention(inputs, "gate"))
    first, b1, second, b2 = model.get_weights()

    def mlp(pooled):
        return np.maximum(pooled @ first[0, 0] + b1, 0) @ second[0, 0] + b2

    gate = 1 / (1 + np.exp(-(mlp(x.mean((1, 2))) + mlp(x.max((1, 2))))))
    assert np.asarray(model(x)) == pytest.approx(x * gate[:, None, None], abs=1e-5)


def test_spatial_attention_by_the_equation():
    x = np.random.default_rng(1).normal(size=(1, 9, 9, 4)).astype(np.float32)
    inputs = keras.Input((9, 9, 4))
    model = keras.Model(inputs, spatial_attention(inputs, "gate"))
    of_average, of_maximum, bias = model.get_weights()
    kernel = np.concatenate([of_average, of_maximum], 2)
    summary = np.pad(np.stack([x[0].mean(-1), x[0].max(-1)], -1), ((3, 3), (3, 3), (0, 0)))
    gate = np.array([
        [(summary[r : r + 7, c : c + 7] * kernel[..., 0]).sum() + bias[0] for c in range(9)] for r in range(9)
    ])  # fmt: skip
    assert np.asarray(model(x))[0] == pytest.approx(x[0] / (1 + np.exp(-gate))[..., None], abs=1e-4)


def test_spatial_attention_as_integers():
    """What is far below the average and the maximum of a place must not be cut off."""
    x = np.random.default_rng(2).normal(size=(32, 9, 9, 16)).astype(np.float32)
    inputs = keras.Input((9, 9, 16))
    keras.utils.set_random_seed(1)
    model = keras.Model(inputs, spatial_attention(layers.Conv2D(16, 1)(inputs), "gate"))
    flatbuffer = export.to_int8(model, list(x[:, None]), input=tf.float32, output=tf.float32)
    interpreter = tf.lite.Interpreter(model_content=flatbuffer)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[:1])
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    expected = np.asarray(model(x[:1]))
    assert np.abs(answer - expected).max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize("attention", [True, False])
def test_round_trip_gradients_and_export(attention, tmp_path):
    model = cbam(**TINY, attention=attention)
    faces = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype(np.float32)
    targets = np.eye(7, dtype=np.float32)[np.arange(8) % 7]
    before = [np.array(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")
    model.train_on_batch(faces, targets)
    for was, now in zip(before, model.trainable_weights, strict=True):
        assert np.abs(was - np.asarray(now)).max() > 0, now.path
    answers = np.asarray(model(faces, training=False))
    assert answers.sum(1) == pytest.approx(np.ones(8), abs=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.to_json() == model.to_json()
    assert np.array_equal(loaded(faces, training=False), answers)
    calibration = [np.full((1, 16, 16, 1), value, np.float32) for value in (-1, 0.9921875)]
    for flatbuffer in (export.to_float32(model), export.to_int8(model, calibration)):
        assert export.operators(flatbuffer)


@pytest.mark.parametrize("options", [{"input_size": 100}, {"input_size": 16}, {"widths": ()}])
def test_unusable_options(options):
    with pytest.raises(ValueError, match=r"input_size must be a multiple of \d+ for \d stages"):
        cbam(**options)
