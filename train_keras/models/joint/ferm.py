"""Facial expression recognition module: from the fused feature to a vector that a dense layer can read.

Source: Hou and Sun, Applied Sciences 2025, 15, 10433, section 3.4.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from train_keras.models.joint.blocks import conv3, residual
from train_keras.models.layers import scaled

BLOCKS = 3


def ferm(x: Any, *, width: float = 1.0) -> Any:
    """The module: the fused feature [B, h, w, C] to a vector [B, 512].

    As the paper has it: three convolutions, three residual blocks, the encoded input concatenated with what
    those learned, three convolutions, ReLU, global average pooling. It gives no width but the last. Here the
    first convolution halves the map to 128 channels, the encoder and the blocks have 160, the last three
    256, 256 and 512, all 3x3: 4.46 M parameters, which the total of 6.3 M leaves.
    """
    x = conv3(x, scaled(128, width), strides=2, name="ferm_encoder1")
    x = conv3(x, scaled(160, width), name="ferm_encoder2")
    x = encoded = conv3(x, scaled(160, width), name="ferm_encoder3")
    for number in range(1, BLOCKS + 1):
        x = residual(x, name=f"ferm_block{number}")
    x = layers.Concatenate(name="ferm_join")([encoded, x])
    for number, filters in enumerate((256, 256, 512), 1):
        x = conv3(x, scaled(filters, width), name=f"ferm_conv{number}")
    return layers.GlobalAveragePooling2D(name="ferm_pool")(x)
