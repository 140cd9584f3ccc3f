import keras
import numpy as np
import pytest
from keras import layers

from train_keras.models.attention import (
    Attention,
    AttentionPool,
    ClassToken,
    LayerScale,
    PositionEmbedding,
    attention_map,
)


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("places", [(6,), (2, 3)])
def test_attention_by_hand(places):
    qkv = np.random.default_rng(0).normal(size=(2, 6, 24)).astype(np.float32)
    mixed, shares = np.zeros((2, 6, 8)), np.zeros((2, 2, 6, 6))
    for picture in range(2):
        for head in range(2):
            q, k, v = (qkv[picture, :, part * 8 + head * 4 :][:, :4] for part in range(3))
            shares[picture, head] = softmax(q @ k.T / 2)  # the root of four channels
            mixed[picture, :, head * 4 : head * 4 + 4] = shares[picture, head] @ v
    layer, given = Attention(2), qkv.reshape(2, *places, 24)
    assert np.asarray(layer(given)) == pytest.approx(mixed.reshape(2, *places, 8), abs=1e-5)
    assert np.asarray(layer.attention(given)) == pytest.approx(shares, abs=1e-6)


def test_attention_needs_whole_heads():
    with pytest.raises(ValueError, match="24 channels are not queries, keys and values of 5 heads"):
        Attention(5)(np.zeros((1, 4, 24), np.float32))


def test_pool_by_hand():
    rng = np.random.default_rng(0)
    scores, values = rng.normal(size=(2, 2, 3, 2)), rng.normal(size=(2, 2, 3, 8))
    shares = softmax(scores.reshape(2, 6, 2).transpose(0, 2, 1))
    pooled = [shares[:, head, None] @ values.reshape(2, 6, 8)[..., head * 4 :][..., :4] for head in range(2)]
    layer = AttentionPool()
    answer = layer(scores.astype(np.float32), values.astype(np.float32))
    assert np.asarray(answer) == pytest.approx(np.concatenate(pooled, -1)[:, 0], abs=1e-6)
    assert np.asarray(layer.attention(scores)) == pytest.approx(shares, abs=1e-6)


def test_class_token_comes_first_whatever_the_tokens():
    layer = ClassToken()
    tokens = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    layer.build(tokens.shape)
    layer.set_weights([np.arange(4.0).reshape(1, 1, 4)])
    answer = np.asarray(layer(tokens))
    assert np.array_equal(answer[:, 0], [[0, 1, 2, 3]] * 2)
    assert np.array_equal(answer[:, 1:], tokens)


@pytest.mark.parametrize(("layer", "shape"), [(PositionEmbedding(), (1, 3, 4)), (LayerScale(), (4,))])
def test_learned_values_meet_their_place(layer, shape):
    tokens = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    layer.build(tokens.shape)
    value = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    layer.set_weights([value])
    expected = tokens * value if isinstance(layer, LayerScale) else tokens + value
    assert np.allclose(layer(tokens), expected)


def test_layers_survive_a_saved_model(tmp_path):
    inputs = keras.Input((6, 8))
    x = LayerScale()(PositionEmbedding()(ClassToken()(inputs)))
    x = Attention(2)(layers.Dense(24)(x))
    model = keras.Model(inputs, AttentionPool()(layers.Dense(2)(x), x))
    tokens = np.random.default_rng(0).normal(size=(3, 6, 8)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(tokens), model(tokens))


def test_no_attention_to_draw():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.Flatten()(inputs), name="plain")
    with pytest.raises(ValueError, match="plain has no attention"):
        attention_map(model, np.zeros((1, 4, 4, 1), np.float32))
