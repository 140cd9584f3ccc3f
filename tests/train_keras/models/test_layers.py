import keras
import numpy as np
import pytest
import tensorflow as tf

from train_keras.models.layers import BatchNorm


def both(shape, seed=0):
    """Our layer and Keras's with the same random gamma and beta."""
    rng = np.random.default_rng(seed)
    gamma, beta = rng.normal(1, 0.3, shape[-1]), rng.normal(0, 0.5, shape[-1])
    for layer in (BatchNorm(momentum=0.8, epsilon=1e-3), keras.layers.BatchNormalization(momentum=0.8)):
        layer.build(shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        yield layer


@pytest.mark.parametrize("shape", [(8, 5, 6, 12), (2, 1, 1, 3)])
def test_equals_keras_in_training_and_inference(shape):
    rng = np.random.default_rng(1)
    batches = [tf.constant(rng.normal(2, 3, shape), tf.float32) for _ in range(3)]
    weights = tf.constant(rng.normal(size=shape), tf.float32)
    results = []
    for layer in both(shape):
        seen = []
        for batch in batches:
            with tf.GradientTape() as tape:
                tape.watch(batch)
                outputs = layer(batch, training=True)
                loss = tf.reduce_sum(weights * outputs**2)
            seen += [outputs, *tape.gradient(loss, [batch, layer.gamma.value, layer.beta.value])]
        seen += [layer.moving_mean.value, layer.moving_variance.value, layer(batches[0], training=False)]
        results.append([np.asarray(value) for value in seen])
    for ours, theirs in zip(*results, strict=True):
        assert ours == pytest.approx(theirs, rel=2e-3, abs=2e-4)


def test_frozen_layer_keeps_its_statistics():
    ours, theirs = both((4, 3, 3, 2))
    batch = np.random.default_rng(2).normal(5, 2, (4, 3, 3, 2)).astype(np.float32)
    for layer in (ours, theirs):
        layer.trainable = False
    assert np.asarray(ours(batch, training=True)) == pytest.approx(np.asarray(theirs(batch, training=True)))
    assert not np.asarray(ours.moving_mean).any()
