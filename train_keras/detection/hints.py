"""Hints: while facet learns, its neck also learns to tell what YuNet's last features are in every cell.

The published photographs hold few bare faces and fewer in profile; YuNet, which is no part of mien, has seen
very many. Its features say more of a picture than the boxes it draws. After Romero et al., FitNets: Hints for
Thin Deep Nets, ICLR 2015, section 2.2, but beside the task and not before it, and fading out.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import layers, ops

from edge.types import Floats, Image
from train_keras.data.faces import require
from train_keras.detection.cells import cells
from train_keras.detection.pictures import BOX, KIND
from train_keras.models.facet import STRIDES

# The maps that YuNet's own answers are linear in, for strides 8, 16 and 32.
MAPS = ("onnx_node!Relu_56", "onnx_node!Relu_59", "onnx_node!Relu_62")
FEATURES = 64
ON_FACES = 10.0  # weight of a cell on a face, where one beside it has 1


@dataclass(frozen=True, slots=True)
class Guide:
    """YuNet's features of pictures, for threads side by side."""

    weights: Path
    _local: threading.local = field(default_factory=threading.local)

    def __call__(self, image: Image) -> Floats:
        """Of uint8 [H, W, 3] BGR with sides that are multiples of 32: float32 [N, 64], the cells of stride 8
        first."""
        network = self._network()
        network.setInput(cv2.dnn.blobFromImage(image))
        maps = network.forward(MAPS)
        return np.concatenate([one[0].reshape(FEATURES, -1).T for one in maps])

    def _network(self) -> Any:
        if not hasattr(self._local, "network"):
            require(self.weights, "YuNet's ONNX weights, from OpenCV's model zoo")
            # OpenCV 5 has a second engine, which hides the maps between.
            engine = [cv2.dnn.ENGINE_CLASSIC] if hasattr(cv2.dnn, "ENGINE_CLASSIC") else []
            self._local.network = cv2.dnn.readNetFromONNX(str(self.weights), *engine)
        return self._local.network


def weights_of_cells(faces: Floats, width: int, height: int) -> Floats:
    """How much each cell's hint counts: float32 [N] of mean 1, more where something is or may be a face.

    Args:
        faces: float32 [G, 17].
    """
    centres, _ = cells(width, height)
    boxes = faces[faces[:, KIND] > 0, BOX]
    x, y = centres[:, :1], centres[:, 1:]
    inside = (x >= boxes[:, 0]) & (x <= boxes[:, 2]) & (y >= boxes[:, 1]) & (y <= boxes[:, 3])  # [N, G]
    weights = np.where(inside.any(axis=1), ON_FACES, 1.0)
    return np.asarray(weights / weights.mean(), np.float32)


def with_hints(model: keras.Model) -> keras.Model:
    """A network of cells that also says, as "hints" [B, N, 64], what the guide's features are."""
    told = []
    for stride in STRIDES:
        neck = model.get_layer(f"neck{stride}_relu").output
        told.append(layers.Reshape((-1, FEATURES))(layers.Conv2D(FEATURES, 1, name=f"hint{stride}")(neck)))
    hints = layers.Concatenate(axis=1, name="hints")(told)
    return keras.Model(model.input, {"cells": model.output, "hints": hints}, name="facet_hints")


@keras.saving.register_keras_serializable("mien")
class HintLoss(keras.losses.Loss):  # type: ignore[misc]
    """Mean squared distance between features, by their variance in the batch.

    Targets float [B, N, 65]: the guide's features and the weight of each cell. Predictions float [B, N, 64].
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(name="hint", reduction="sum")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        features, weights = y_true[..., :FEATURES], y_true[..., FEATURES:]
        variance = ops.var(features, axis=(0, 1)) + 1e-4
        away = ops.minimum(ops.square(features - y_pred) / variance, 100.0)
        return ops.mean(ops.mean(away, axis=-1, keepdims=True) * weights)
