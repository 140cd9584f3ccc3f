import keras
import numpy as np
import pytest

from train_keras.distillation import DistillationLoss, label_accuracy
from train_keras.joint_batches import heat_maps
from train_keras.joint_losses import blank_error, joint_losses


def network(**sides):
    """Constant answers of 0.25: a model of outputs `expression` and maps of the given sides."""
    inputs = keras.Input((4,))
    start = keras.initializers.Constant(0.25)
    outputs = {
        "expression": keras.layers.Dense(4, kernel_initializer="zeros", bias_initializer=start)(inputs)
    }
    for name, cells in sides.items():
        channels = 68 if name == "landmarks" else 1
        flat = keras.layers.Dense(
            cells * cells * channels, kernel_initializer="zeros", bias_initializer=start
        )(inputs)
        outputs[name] = keras.layers.Reshape((cells, cells, channels))(flat)
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("cells", [12, 24, 56])
def test_a_blank_heat_map_costs_one(cells):
    points = np.full((1, 68, 2), 24.3, np.float32)
    assert (heat_maps(points, 48, cells) ** 2).mean() == pytest.approx(blank_error(cells), rel=1e-3)


def test_sum_of_the_three():
    model = network(occlusion=12, landmarks=12)
    model.compile("sgd", run_eagerly=True, **joint_losses(model))
    rng = np.random.default_rng(0)
    targets = {
        "expression": np.eye(4, dtype=np.float32)[[1, 2]],
        "occlusion": rng.random((2, 12, 12, 1)).astype(np.float32),
        "landmarks": rng.random((2, 12, 12, 68)).astype(np.float32),
    }
    scores = model.evaluate(np.zeros((2, 4)), targets, verbose=0, return_dict=True)
    occlusion, landmarks = (((targets[name] - 0.25) ** 2).mean() for name in ("occlusion", "landmarks"))
    by_hand = occlusion + 0.6 * landmarks / blank_error(12) + 0.4 * np.log(4)
    assert scores["loss"] == pytest.approx(by_hand, rel=1e-4)
    assert "expression_categorical_accuracy" in scores


def test_only_what_the_network_answers():
    compiled = joint_losses(network())
    assert compiled["loss"] == {"expression": "categorical_crossentropy"}
    assert compiled["loss_weights"] == {"expression": 0.4}
    assert joint_losses(network(occlusion=4))["loss_weights"] == {"expression": 0.4, "occlusion": 1.0}


def test_expression_is_distilled_where_asked():
    compiled = joint_losses(network(occlusion=4), DistillationLoss(0.0, 2.0), label_accuracy)
    model = network(occlusion=4)
    model.compile("sgd", run_eagerly=True, **compiled)
    labels = np.eye(4, dtype=np.float32)[[1, 2]]
    teacher = np.zeros((2, 4), np.float32)  # as unsure as the network
    targets = {"expression": np.hstack([labels, teacher]), "occlusion": np.full((2, 4, 4, 1), 0.25)}
    assert model.evaluate(np.zeros((2, 4)), targets, verbose=0, return_dict=True)["loss"] == pytest.approx(
        0, abs=1e-5
    )
