"""What the joint network learns: occlusion, landmarks and expression at once."""

from __future__ import annotations

import math
from typing import Any

import keras

from train_keras.matching import AttentionTransfer
from train_keras.models.joint.fopm import SIGMA

# L = occlusion + 0.6 landmarks + 0.4 expression (Hou and Sun, 2025, section 3.5).
LANDMARKS, EXPRESSION = 0.6, 0.4
MASKED = 0.1  # of the question whether there is a mask, which the paper does not ask
MATCHED = 0.4  # of the features and of the attention that a teacher shows: as much as the expression


def joint_losses(
    model: keras.Model,
    expression: Any = "categorical_crossentropy",
    metric: Any = "categorical_accuracy",
) -> dict[str, Any]:
    """Arguments of `compile` for a network with several outputs: loss, loss_weights, metrics.

    The paper's sum, with one scale added. In a map of h x h cells a landmark's Gaussian fills so few that a
    blank answer has a mean squared error of no more than pi sigma² / h²: 0.002 at 56 cells, 0.05 at 12.
    Beside a cross-entropy near 1 that is nothing, while the paper's landmarks make up a quarter of its loss
    at the end of training. So their error is divided by that of a blank answer: 1 for blank maps, 0 for
    perfect ones, at every size. Occlusion covers much of a masked face and needs no scale.

    Args:
        expression, metric: loss and metric of the expression, as `compile` takes them.
    Returns:
        Entries for the outputs that the network has.
    """
    losses = {
        "occlusion": "mean_squared_error",
        "landmarks": "mean_squared_error",
        "expression": expression,
        "masked": "binary_crossentropy",
        "features": keras.losses.CosineSimilarity(),
        "attention": AttentionTransfer(),
    }
    weights = {"occlusion": 1.0, "landmarks": LANDMARKS, "expression": EXPRESSION, "masked": MASKED}
    weights |= {"features": MATCHED, "attention": MATCHED}
    if "landmarks" in model.output:
        weights["landmarks"] /= blank_error(model.output["landmarks"].shape[1])
    return {
        "loss": {name: losses[name] for name in model.output},
        "loss_weights": {name: weights[name] for name in model.output},
        "metrics": {"expression": [metric]},
    }


def blank_error(cells: int) -> float:
    """Mean squared error of a blank map of cells x cells where one Gaussian should be."""
    return math.pi * SIGMA**2 / cells**2
