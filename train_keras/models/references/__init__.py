"""The networks that the slim CNN paper's Table 2 compares with, one file a family.

Source of the choice: Putro et al., "A Slim Convolutional Neural Network for Low-cost Masked Facial
Expression Classifier", Table 2. Each function computes the features of the published architecture; its
docstring says what the paper counts and, where that is another number, why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras

from train_keras.models.references.ends import reference
from train_keras.models.references.ghostnet import ghostnet
from train_keras.models.references.mobilenet import mobilenet_v1, mobilenet_v2, mobilenet_v3
from train_keras.models.references.resnet import resnet18
from train_keras.models.references.shufflenet import shufflenet_v1, shufflenet_v2
from train_keras.models.references.vgg import vgg16

_FEATURES = (
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    shufflenet_v1,
    shufflenet_v2,
    vgg16,
    resnet18,
    ghostnet,
)
REFERENCES: dict[str, Callable[..., keras.Model]] = {
    features.__name__: partial(reference, features) for features in _FEATURES
}
