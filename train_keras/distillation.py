"""Offline distillation: a student under a mask learns from what a teacher said of the bare face.

Source: the distillation paper (003), its loss
`L = alpha CE(y, student) + (1 - alpha) T^2 KL(softmax(student / T), softmax(teacher / T))`,
with alpha = 0.1 and T = 10, after Hinton et al. 2015. The divergence is taken as Hinton does, from the
teacher's distribution to the student's.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from edge.errors import ModelMissingError
from edge.types import Floats, Image
from train_keras import models  # noqa: F401 - a saved teacher's own layers are found once they are imported
from train_keras.predicting import probabilities

FLOOR = 1e-7


@keras.saving.register_keras_serializable("mien")
class DistillationLoss(keras.losses.Loss):  # type: ignore[misc]
    """The loss above on targets [B, 2C]: the label's distribution, then the teacher's logits.

    Both networks are read by their probabilities: softening the logarithms of probabilities is softening the
    logits, which differ from them by a constant for each face.

    Args:
        alpha: share of the labels, 0 to 1.
        temperature: that softens both answers, above 0.
    """

    def __init__(self, alpha: float = 0.1, temperature: float = 10.0, name: str = "distillation") -> None:
        if not 0 <= alpha <= 1 or temperature <= 0:
            raise ValueError(f"alpha must lie in 0…1 and temperature above 0, got {alpha} and {temperature}")
        super().__init__(name=name)
        self.alpha, self.temperature = alpha, temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        classes = y_pred.shape[-1]
        labels, teacher = y_true[:, :classes], y_true[:, classes:]
        logits = ops.log(ops.clip(y_pred, FLOOR, 1.0))
        labelled = -ops.sum(labels * logits, axis=-1)
        soft_teacher = ops.log_softmax(teacher / self.temperature)
        soft_student = ops.log_softmax(logits / self.temperature)
        divergence = ops.sum(ops.exp(soft_teacher) * (soft_teacher - soft_student), axis=-1)
        return self.alpha * labelled + (1 - self.alpha) * self.temperature**2 * divergence

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "temperature": self.temperature, "name": self.name}


@keras.saving.register_keras_serializable("mien")
def label_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the answer is the label, with or without a teacher's logits behind the labels: [B]."""
    labels = y_true[:, : y_pred.shape[-1]]
    return ops.cast(ops.equal(ops.argmax(labels, -1), ops.argmax(y_pred, -1)), "float32")


def teacher_logits(teacher: Path, faces: Image, cache: Path) -> Floats:
    """What the teacher says of every bare face, float32 [N, C]; made once and kept in the folder `cache`.

    A face and its mirror image are shown and their logits averaged.

    Args:
        teacher: a `.keras` file.
        faces: uint8 [N, S, S] grey.
    Raises:
        ModelMissingError: there is no such teacher.
    """
    if not teacher.is_file():
        raise ModelMissingError(f"the teacher {teacher} is missing: train it first")
    digest = hashlib.sha256(teacher.read_bytes())
    digest.update(faces.tobytes())
    file = cache / f"teacher-{digest.hexdigest()[:16]}.npy"
    if file.is_file():
        return np.asarray(np.load(file), np.float32)
    model = keras.saving.load_model(teacher, compile=False)
    both = [probabilities(model, faces), probabilities(model, faces[:, :, ::-1])]
    logits = np.mean([np.log(np.clip(rows, FLOOR, 1)) for rows in both], axis=0).astype(np.float32)
    cache.mkdir(parents=True, exist_ok=True)
    np.save(file, logits)
    return logits
