"""Facial occlusion parsing module: what is seen, what hides it, and where the face's landmarks are.

Source: Hou and Sun, "Joint Learning for Mask-Aware Facial Expression Recognition Based on Exposed Feature
Analysis and Occlusion Feature Enhancement", Applied Sciences 2025, 15, 10433, sections 3.2 and 3.3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import layers

from train_keras.models.joint.blocks import Double, conv3
from train_keras.models.layers import conv_bn, scaled

POINTS = 68
SIGMA = 1.5  # cells, of the Gaussian that a landmark is in its heat map
UNET = 48  # filters at the U-Nets' finest level


class Parsed(NamedTuple):
    """What the module finds in a face of S px, as symbolic maps of h = S / 4 cells a side.

    Attributes:
        features: [B, h, w, C], the paper's P.
        occlusion: [B, h, w, 1], the paper's M: 0 bare to 1 covered; None where nothing is parsed.
        landmarks: [B, h, w, 68], a heat map a landmark, 1 at its peak; None where nothing is parsed.
    """

    features: Any
    occlusion: Any = None
    landmarks: Any = None


def trunk(x: Any, width: float = 1.0) -> Any:
    """The paper's three groups of convolutions: [B, S, S, C] to P, [B, S / 4, S / 4, 512].

    It names kernels, strides, channels and ReLU, and no normalisation; here a batch normalisation stands
    between each convolution and its ReLU, since the learning rate of 0.002 needs one.
    """
    x = conv3(x, scaled(64, width), strides=2, name="fopm_group1_1")
    x = conv3(x, scaled(64, width), name="fopm_group1_2")
    x = conv3(x, scaled(128, width), name="fopm_group2_1")
    x = conv3(x, scaled(128, width), name="fopm_group2_2")
    x = layers.MaxPooling2D(2, name="fopm_group2_pool")(x)
    x = conv3(x, scaled(256, width), name="fopm_group3_1")
    x = conv3(x, scaled(256, width), name="fopm_group3_2")
    return conv_bn(x, scaled(512, width), 1, name="fopm_group3_3")


def unet(x: Any, filters: int = UNET, *, name: str) -> Any:
    """A U-Net of three levels on P: [B, h, w, C] to [B, h, w, filters]; h and w are multiples of 4.

    The paper says only "U-Net". A 1x1 convolution to `filters`, then two 3x3 convolutions a level with
    `filters`, twice and four times as many, halved by max-pooling and enlarged by repetition: two of them
    with 48 filters bring the module to 3.498 M parameters, the paper's 3.5 M.
    """
    x = conv_bn(x, filters, 1, name=f"{name}_in")
    fine = _level(x, filters, f"{name}_down1")
    middle = _level(layers.MaxPooling2D(2, name=f"{name}_pool1")(fine), 2 * filters, f"{name}_down2")
    coarse = _level(layers.MaxPooling2D(2, name=f"{name}_pool2")(middle), 4 * filters, f"{name}_down3")
    middle = _level(enlarged(coarse, middle, f"{name}_up2"), 2 * filters, f"{name}_up2")
    return _level(enlarged(middle, fine, f"{name}_up1"), filters, f"{name}_up1")


def enlarged(coarse: Any, fine: Any, name: str) -> Any:
    """The coarse map at twice its size beside the fine one."""
    large = Double(name=f"{name}_enlarge")(coarse)
    return layers.Concatenate(name=f"{name}_join")([large, fine])


def heads(occlusion: Any, landmarks: Any) -> tuple[Any, Any]:
    """From the last maps of the two U-Nets to the occlusion map and the heat maps, in float32.

    The heat maps are linear, as is usual for their regression: a sigmoid would hold the gradient of a squared
    error near zero where nearly all of a map is blank.
    """
    covered = layers.Conv2D(1, 1, activation="sigmoid", dtype="float32", name="occlusion")(occlusion)
    return covered, layers.Conv2D(POINTS, 1, dtype="float32", name="landmarks")(landmarks)


def fopm(faces: Any, *, width: float = 1.0, parse: bool = True) -> Parsed:
    """The module: [B, S, S, C] to features, occlusion map and landmark heat maps.

    Args:
        width: factor on all filters.
        parse: without it the convolutions alone remain.
    """
    features = trunk(faces, width)
    if not parse:
        return Parsed(features)
    filters = scaled(UNET, width)
    maps = [unet(features, filters, name=f"fopm_{what}") for what in ("occlusion", "landmarks")]
    return Parsed(features, *heads(*maps))


def outputs(parsed: Parsed, expression: Any) -> dict[str, Any]:
    """What a joint network answers with, by name."""
    answers = {"expression": expression, "occlusion": parsed.occlusion, "landmarks": parsed.landmarks}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _level(x: Any, filters: int, name: str) -> Any:
    return conv3(conv3(x, filters, name=f"{name}_1"), filters, name=f"{name}_2")
