"""VGG16 without its three dense layers of 224 px photographs."""

from __future__ import annotations

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.references.ends import classifier, face_input

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(
    input_size: int = 48,
    channels: int = 3,
    classes: int = len(LABELS),
    dropout: float = 0.0,
    width: float = 1.0,
) -> keras.Model:
    """Thirteen 3x3 convolutions with biases and ReLU in five stages, each ended by 2x2 max pooling.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    Table 1, column D: no batch normalisation. The slim CNN paper's 14,718,279 parameters fit the
    convolutions, global average pooling and one dense layer, as here.

    Args:
        input_size: side of the square input in pixels, 32 or more.
        channels: 3 as in the paper, 1 for grey faces.
        classes: number of labels.
        dropout: before the dense layer, while training.
        width: multiplier of every layer's channels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to probabilities [B, classes].
    Raises:
        ValueError: the input is too small.
    """
    x = face = face_input(input_size, channels)
    for stage, (filters, convolutions) in enumerate(STAGES, 1):
        for i in range(1, convolutions + 1):
            x = layers.Conv2D(
                int(filters * width),
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"stage{stage}_conv{i}",
            )(x)
        x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(face, classifier(x, classes, dropout), name="vgg16")
