"""What a conversion has to keep: its accuracy as integers, and one piece for XNNPACK."""

from __future__ import annotations

from collections.abc import Mapping

from convert.layers import first_growth, layer_errors
from convert.partitions import partitions
from convert.variants import Variant
from edge.errors import ModelError, QuantisationError
from edge.types import Image

LARGEST_LOSS = 0.5  # points of accuracy that int8 may lose against float32; a transformer twice as many
COMPARED = 16
# Nothing in them that XNNPACK lacks. The others have operators that it has in float32 only: MobileNetV3 the
# hard swish, ShuffleNet v1 an average pooling.
ONE_PIECE = (
    "slim", "cbam", "dcnn", "vit", "vit_student", "facet", "mobilenet_v1", "mobilenet_v2", "shufflenet_v2",
    "vgg16", "resnet18", "ghostnet",
)  # fmt: skip
# What int8 keeps float32 unasked, with what reads it. XNNPACK multiplies no two int8 maps with each other, so
# that attention in integers is a row of pieces for slower kernels; in float32 it is one with all the rest.
# So are layer normalisation, which integers ruin anyway, and GELU.
KEPT_FLOAT = {
    "vit": ("BATCH_MATMUL", "GELU", "MEAN", "MUL", "RSQRT", "SQUARED_DIFFERENCE"),
    "vit_student": ("BATCH_MATMUL",),
}
# XNNPACK has no depthwise convolution with weights alone in int8.
WHOLE: tuple[Variant, ...] = ("float32", "float16", "int8")


def kept_float(builder: str) -> tuple[str, ...]:
    """Names as of --keep-float that int8 of a builder's network keeps float32 unasked."""
    return KEPT_FLOAT.get(builder, ())


def largest_loss(builder: str) -> float:
    """Points of accuracy that int8 of a builder's network may lose."""
    return 2 * LARGEST_LOSS if builder.startswith("vit") else LARGEST_LOSS


def refuse_loss(
    losses: Mapping[str, float],
    largest: float,
    flatbuffers: Mapping[Variant, bytes],
    pictures: Image,
    mend: str = "try --keep-float {layer}",
) -> None:
    """Refuse an int8 model that loses too much, and say where it begins to.

    Args:
        losses: points by what was measured on, such as "masked faces".
        flatbuffers: float32 and int8.
        pictures: uint8 [N, H, W, C], some of those.
        mend: what to do about `layer`.
    Raises:
        QuantisationError: it does.
    """
    kind, loss = max(losses.items(), key=lambda item: item[1])
    if loss <= largest:
        return
    first = first_growth(layer_errors(flatbuffers["float32"], flatbuffers["int8"], pictures[:COMPARED]))
    raise QuantisationError(
        f"int8 loses {loss:.2f} points on {kind}, more than {largest}; the error grows first at "
        f"'{first.layer}' (RMSE over standard deviation {first.before:.2f} before it, {first.error:.2f} "
        f"behind it): {mend.format(layer=first.layer)}"
    )


def refuse_pieces(builder: str, flatbuffers: Mapping[Variant, bytes]) -> None:
    """Refuse a network that XNNPACK does not take as one piece, where it could.

    Raises:
        ModelError: there is more than one, or more than the ends is left outside.
    """
    if builder not in ONE_PIECE:
        return
    for variant in WHOLE:
        if variant in flatbuffers and not (split := partitions(flatbuffers[variant])).whole:
            raise ModelError(
                f"{variant}: {split}: a '{builder}' network has to be one XNNPACK partition: build it from "
                "operators that XNNPACK has, or name the others for --keep-float"
            )
