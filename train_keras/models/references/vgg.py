"""VGG16 without its three dense layers of 224 px photographs."""

from __future__ import annotations

from typing import Any

from keras import layers

from train_keras.models.references.ends import pooled

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(face: Any, width: float = 1.0) -> Any:
    """Thirteen 3x3 convolutions with biases and ReLU in five stages, each ended by 2x2 max pooling.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    Table 1, column D: no batch normalisation. The slim CNN paper's 14,718,279 parameters fit the
    convolutions, global average pooling and one dense layer, as here.

    Args:
        face: float [B, S, S, C] in -1…1.
        width: multiplier of every layer's channels.
    Returns:
        Features, float [B, F].
    """
    x = face
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
    return pooled(x)
