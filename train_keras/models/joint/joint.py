"""Joint occlusion parsing and expression recognition: FOPM, EFFM and FERM in one network.

Source: Hou and Sun, "Joint Learning for Mask-Aware Facial Expression Recognition Based on Exposed Feature
Analysis and Occlusion Feature Enhancement", Applied Sciences 2025, 15, 10433, section 3. Where the paper
speaks of aligned frames (matching kernels, offsets, three A's) it gives no layers, and its tables measure
single pictures; so does this.
"""

from __future__ import annotations

import keras
from keras import layers

from edge.labels import LABELS
from train_keras.models.joint.effm import effm as fuse
from train_keras.models.joint.effm import exposed
from train_keras.models.joint.ferm import ferm as recognise
from train_keras.models.joint.fopm import fopm as parse
from train_keras.models.joint.fopm import outputs
from train_keras.models.layers import classification, conv_bn, scaled

STEP = 16  # the U-Nets halve a map twice that already is a quarter of the input


def joint(
    input_size: int = 224,
    channels: int = 3,
    width: float = 1.0,
    fopm: bool = True,
    effm: bool = True,
    ferm: bool = True,
    dropout: float = 0.0,
    classes: int = len(LABELS),
) -> keras.Model:
    """Build the network; the defaults are the paper's: 9.85 M parameters, 17.2 G multiply-accumulates.

    The three ablations, of which the paper tells no more than that a module is left out:

    - without FOPM its convolutions stay, since something must make features, but neither the occlusion map
      nor the landmarks are predicted; EFFM decomposes the features as they are, without geometry;
    - without EFFM one 1x1 convolution brings the exposed features to FERM's input width; the landmarks are
      an auxiliary task;
    - without FERM the fused feature is pooled and read by the dense layer.

    Args:
        input_size: side S of the square input in pixels, a multiple of 16. The weights fit every size.
        channels: 3 as in the paper, 1 for grey faces.
        width: factor on all filters.
        fopm, effm, ferm: with the module.
        dropout: before the dense layer, while training; the paper names none.
        classes: number of labels.
    Returns:
        A model from float [B, S, S, C] in -1…1 to "expression", probabilities [B, classes], and, with FOPM,
        "occlusion" [B, h, w, 1], 0 bare to 1 covered, and "landmarks" [B, h, w, 68], heat maps; h = S / 4.
    Raises:
        ValueError: an `input_size` that is no multiple of 16, or a `width` that is not positive.
    """
    if input_size <= 0 or input_size % STEP:
        raise ValueError(f"input_size needs a multiple of {STEP}, got {input_size}")
    if width <= 0:
        raise ValueError(f"width needs to be positive, got {width}")
    inputs = keras.Input((input_size, input_size, channels), name="face")
    parsed = parse(inputs, width=width, parse=fopm)
    filters = scaled(128, width)
    if effm:
        x = fuse(parsed, filters=filters, prior=filters, attention=scaled(64, width))
    else:
        x = conv_bn(exposed(parsed), filters, 1, name="effm_none")
    x = recognise(x, width=width) if ferm else layers.GlobalAveragePooling2D(name="ferm_none")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, outputs(parsed, classification(x, classes)), name="joint")
