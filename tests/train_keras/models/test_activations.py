import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from train_keras.models.activations import Gelu

X = np.linspace(-6, 6, 241, dtype=np.float32).reshape(1, -1)
EXACT = np.array([[x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in X[0]]])


@pytest.mark.parametrize("training", [False, True])
def test_exact(training):
    assert np.asarray(Gelu()(X, training=training)) == pytest.approx(EXACT, abs=2e-6)


def test_gradient_is_the_slope():
    step = 1e-4
    slope = [
        (f(x + step) - f(x - step)) / (2 * step)
        for x in X[0].astype(float)
        for f in [lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))]
    ]
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        answer = Gelu()(x, training=True)
    assert tape.gradient(answer, x).numpy()[0] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_bfloat16_is_rounded_once(training):
    answer = Gelu(dtype="mixed_bfloat16")(X, training=training)
    assert answer.dtype == "bfloat16"
    given = np.asarray(tf.cast(tf.cast(X, tf.bfloat16), tf.float32))
    # Seven bits of fraction: one rounding is half a part in 128.
    assert np.asarray(answer, np.float32) == pytest.approx(np.asarray(Gelu()(given)), rel=1 / 256, abs=1e-6)


def test_trains_in_a_graph_with_batches_of_any_size():
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(1)(Gelu()(keras.layers.Dense(8)(inputs))))
    model.compile("adam", "mse")
    data = np.random.default_rng(0).normal(size=(10, 8)).astype(np.float32)
    model.fit(data, data[:, :1], batch_size=4, epochs=20, verbose=0)  # batches of 4, 4 and 2
    first, *_, last = model.fit(data, data[:, :1], batch_size=4, epochs=60, verbose=0).history["loss"]
    assert last < first
