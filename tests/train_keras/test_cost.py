import keras
import pytest
from keras import layers, ops

from train_keras.cost import gflops


def counted(inputs, outputs):
    """Multiply-accumulates of the network between two tensors."""
    return round(gflops(keras.Model(inputs, outputs)) / 2e-9)


def test_cost_by_hand():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.Dense(5, activation="softmax")(layers.Flatten()(x))
    assert counted(inputs, x) == 4 * 4 * 4 * 3 * 9 + 4 * 4 * 4 * 9 + 64 * 5


@pytest.mark.parametrize(
    ("layer", "by_hand"),
    [
        (layers.Conv2D(12, 3, padding="same", groups=3), 8 * 8 * 12 * 2 * 9),
        (layers.Conv2D(4, (1, 7), padding="valid"), 8 * 2 * 4 * 6 * 7),
        (layers.Conv2D(4, 3, padding="same", dilation_rate=2), 8 * 8 * 4 * 6 * 9),
        (layers.DepthwiseConv2D(5, strides=2, padding="same", depth_multiplier=2), 4 * 4 * 12 * 25),
        (layers.SeparableConv2D(10, 3, padding="same"), 8 * 8 * 6 * 9 + 8 * 8 * 6 * 10),
        (layers.Conv2DTranspose(5, 2, strides=2), 8 * 8 * 6 * 5 * 4),
        (layers.Dense(7), 8 * 8 * 6 * 7),
        (layers.EinsumDense("abcd,de->abce", (8, 8, 9)), 8 * 8 * 6 * 9),
        (layers.EinsumDense("...cd,cde->...e", (9,)), 8 * 8 * 6 * 9),
        (layers.GlobalAveragePooling2D(), 0),
        (layers.ReLU(), 0),
    ],
)
def test_layer(layer, by_hand):
    inputs = keras.Input((8, 8, 6))
    assert counted(inputs, layer(inputs)) == by_hand


@pytest.mark.parametrize("flash", [False, None])
def test_attention_counts_its_projections_and_its_products(flash):
    inputs = keras.Input((10, 12))
    x = layers.MultiHeadAttention(num_heads=2, key_dim=5, value_dim=3, flash_attention=flash)(inputs, inputs)
    projections = 10 * 12 * 2 * (5 + 5 + 3) + 10 * 2 * 3 * 12
    products = 2 * 10 * 10 * (5 + 3)
    assert counted(inputs, x) == projections + products


def test_nested_model_counts_as_often_as_it_is_called():
    part = keras.Input((None, None, 3))
    tower = keras.Model(part, layers.Conv2D(3, 3, padding="same")(part))
    inputs = keras.Input((8, 8, 3))
    once = 8 * 8 * 3 * 3 * 9
    assert counted(inputs, tower(inputs)) == once
    halved = layers.AveragePooling2D(2)(tower(inputs))
    assert counted(inputs, tower(halved)) == once + once // 4
    sequence = keras.Sequential([tower, layers.GlobalMaxPooling2D(), layers.Dense(2)])
    assert counted(inputs, sequence(inputs)) == once + 3 * 2


class Affinity(layers.Layer):
    """A layer of its own kind, with a dense layer and two products inside."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, x):
        y = self.dense(x)
        return ops.matmul(ops.einsum("bid,bjd->bij", y, y), x)


def test_custom_layer():
    inputs = keras.Input((5, 6))
    assert counted(inputs, Affinity()(inputs)) == 5 * 6 * 4 + 5 * 5 * 4 + 5 * 5 * 6


def test_counting_leaves_the_model_as_it_was():
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Conv2D(2, 3, name="conv")(inputs))
    assert gflops(model) == gflops(model) > 0
    assert model.get_layer("conv").output.shape == (None, 6, 6, 2)


def test_unknown_size():
    inputs = keras.Input((None, 8, 1))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(inputs))
    with pytest.raises(ValueError, match=r"got \(None, 8, 1\)"):
        gflops(model)
