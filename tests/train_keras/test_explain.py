import keras
import numpy as np
import pytest

from edge.errors import DependencyError
from train_keras import explain
from train_keras.models import build
from train_keras.models.slim import slim
from train_keras.predicting import probabilities

SIDE = 32
LEFT, RIGHT = 0, 1


@pytest.fixture(scope="module")
def halves():
    """A network that calls a face LEFT or RIGHT by which half is brighter, of what lies beside its middle."""
    inputs = keras.Input((SIDE, SIDE, 1), name="face")
    x = keras.layers.Conv2D(1, 1, use_bias=False, name="see")(keras.layers.AveragePooling2D(4)(inputs))
    x = keras.layers.ReLU(name="seen")(x)
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    x = keras.layers.Dense(2, use_bias=False, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x), name="halves")
    model.get_layer("see").set_weights([np.ones((1, 1, 1, 1))])
    weights = np.zeros((8, 8, 2))
    weights[:, :4, LEFT] = weights[:, 4:, RIGHT] = 1
    model.get_layer("logits").set_weights([weights.reshape(64, 2)])
    return model


@pytest.fixture
def lit():
    """Two dark faces, the first lit at the left, the second at the right."""
    faces = np.full((2, SIDE, SIDE), 100, np.uint8)
    faces[0, 8:20, 4:12] = faces[1, 8:20, 20:28] = 200
    return faces


def test_grad_cam_finds_what_speaks_for_the_answer(halves, lit):
    maps = explain.grad_cam(halves, lit)
    assert maps.shape == (2, 8, 8)
    assert maps.dtype == np.float32
    assert maps.max((1, 2)) == pytest.approx([1, 1])
    for found, columns in zip(maps, (slice(1, 3), slice(5, 7)), strict=True):
        assert found[2:5, columns] == pytest.approx(np.ones((3, 2)))
        assert found.sum() == pytest.approx(6)


def test_grad_cam_by_hand():
    """Mean gradients weight the maps; below 0 is cut; the label that is asked for decides."""
    inputs = keras.Input((8, 8, 1))
    maps = keras.layers.Conv2D(2, 1, use_bias=False, name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(inputs, keras.layers.Dense(7, use_bias=False, name="logits")(pooled))
    model.get_layer("maps").set_weights([np.array([1.0, -1.0]).reshape(1, 1, 1, 2)])
    weights = np.zeros((2, 7))
    weights[0, 3], weights[1, 3], weights[1, 5] = 2, 1, 4
    model.get_layer("logits").set_weights([weights])
    faces = np.random.default_rng(0).integers(0, 256, (1, 8, 8)).astype(np.uint8)
    pixels = faces / 128 - 1
    for label, expected in ((3, 2 * pixels - pixels), (5, -4 * pixels)):
        found = explain.grad_cam(model, faces, np.array([label]))
        expected = np.maximum(expected, 0)
        assert found == pytest.approx(expected / expected.max(), abs=1e-5)
    assert not explain.grad_cam(model, faces, np.array([0])).any()


def test_last_map_of_the_papers_network():
    model = slim(48, 1)
    assert explain.last_map(model) == "block5_expand_relu"
    assert explain.last_map(model, least_side=2) == "head_relu"
    assert explain.last_map(model, least_side=24) == "block2_expand_relu"
    with pytest.raises(ValueError, match="no map of 30 x 30 or more"):
        explain.last_map(model, least_side=30)


def test_branches_that_do_not_lead_to_the_answer():
    model = build("joint", input_size=48, width=0.25, channels=1)
    assert explain.last_map(model).startswith("ferm_conv3")
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    assert explain.grad_cam(model, faces).shape == (2, 6, 6)
    inputs = keras.Input((8, 8, 1))
    beside = keras.layers.Conv2D(1, 3, name="beside")(inputs)
    answer = keras.layers.Dense(7)(keras.layers.GlobalAveragePooling2D()(inputs))
    model = keras.Model(inputs, {"expression": answer, "other": beside}, name="two")
    with pytest.raises(ValueError, match="no map of 6 x 6"):
        explain.last_map(model)
    with pytest.raises(ValueError, match="does not depend on layer beside"):
        explain.grad_cam(model, faces[:, :8, :8], layer="beside")


def test_what_cannot_be_weighted(halves, lit, monkeypatch):
    with pytest.raises(ValueError, match=r"no layer 'sea': one of .*see"):
        explain.grad_cam(halves, lit, layer="sea")
    with pytest.raises(ValueError, match="logits of halves answers no map"):
        explain.grad_cam(halves, lit, layer="logits")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(DependencyError, match="KERAS_BACKEND=tensorflow"):
        explain.grad_cam(halves, lit)


def test_hiding_what_matters_costs(halves, lit):
    answers = probabilities(halves, lit)
    assert answers.argmax(1).tolist() == [LEFT, RIGHT]
    losses = explain.sensitivity(halves, lit, patch=0.3, steps=4)
    assert losses.shape == (2, 4, 4)
    assert losses.max((1, 2)) == pytest.approx([1, 1])
    assert losses[0, :, :2].sum() > 0.99 * losses[0].sum()
    assert losses[1, :, 2:].sum() > 0.99 * losses[1].sum()
    # Hiding the other half's light speaks for the answer, and against the other label.
    other = explain.sensitivity(halves, lit, np.array([RIGHT, LEFT]), patch=0.3, steps=4)
    assert not other[0, 1, :2].any()
    for patch, steps in ((0, 4), (1, 4), (0.2, 1)):
        with pytest.raises(ValueError, match="expected 0 < patch < 1"):
            explain.sensitivity(halves, lit, patch=patch, steps=steps)


def test_inner_output(halves, lit):
    seen = explain.inner_output(halves, lit, "seen")
    assert seen.shape == (2, 8, 8, 1)
    assert seen[0, 3, 2, 0] == pytest.approx(200 / 128 - 1)
    with pytest.raises(ValueError, match="no layer 'nothing'"):
        explain.inner_output(halves, lit, "nothing")


def test_share_outside_a_mask():
    covered = np.zeros((3, 16, 16), np.uint8)
    covered[:, 8:] = 255
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 0], maps[1, 3] = 1, 1
    shares = explain.share_outside(maps, covered)
    assert shares[:2] == pytest.approx([1, 0])
    assert np.isnan(shares[2])
    assert explain.share_outside(np.ones((3, 4, 4), np.float32), covered) == pytest.approx([0.5] * 3)
    faint = np.where(covered, 100, 0).astype(np.uint8)
    assert explain.share_outside(np.ones((3, 4, 4), np.float32), faint) == pytest.approx([1] * 3)
    with pytest.raises(ValueError, match="2 maps and 3 occlusion maps"):
        explain.share_outside(maps[:2], covered)


def test_mean_share_above_mask(halves, lit):
    covered = np.zeros((2, SIDE, SIDE), np.uint8)
    covered[:, 24:] = 255
    share, blind = explain.mean_share_above_mask(halves, lit, covered)
    assert share == pytest.approx(1, abs=1e-3)
    assert blind == 0.75
