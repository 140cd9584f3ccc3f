"""Weights of a MobileNet-v1 that tells faces apart: a start for a teacher's training.

    python -m train_keras.face_mobilenet_weights ../shared/weights/face_mobilenet_v1_vggface2.npz

writes the file that a recipe's `model.start` names. The npz holds the layers in order as
`features.N.conv.weight` [out, in, 3, 3] and `.bias`, depthwise and pointwise in turn, batch normalisation
folded in, for BGR pixels of 0 to 255 less their mean. Its names are PyTorch's, but it comes from TensorFlow:
it needs "same" padding and ReLU6.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import typer

from edge.errors import ModelCorruptError
from edge.types import Floats
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.data.faces import read_arrays
from train_keras.models.face_mobilenet import BLOCKS, face_mobilenet

START = Path("~/.cache/mien/face_mobilenet.keras")
MEAN = (103.939, 116.779, 123.68)  # BGR


def convert(weights: Path, input_size: int = 96, channels: int = 1) -> keras.Model:
    """The pretrained network without a head.

    Args:
        input_size, channels: of `train_keras.models.face_mobilenet.face_mobilenet`.
    Returns:
        A model from float [B, S, S, C] in -1…1 to [B, 1024], the layer "pool"; its layers are named as in
        `face_mobilenet`.
    Raises:
        DataError: the file is missing or damaged.
        ModelCorruptError: it holds another network.
    """
    whole = face_mobilenet(input_size, channels)
    model = keras.Model(whole.input, whole.get_layer("pool").output, name="face_mobilenet_start")
    names = [f"features.{number}.conv" for number in range(1 + 2 * len(BLOCKS))]
    arrays = iter(read_arrays(weights, *(f"{name}.{kind}" for name in names for kind in ("weight", "bias"))))
    pairs = [(kernel, bias) for kernel, bias in zip(arrays, arrays, strict=True)]
    layers = [layer for layer in model.layers if layer.weights]
    try:
        layers[0].set_weights(fold_pixels(pairs[0][0].transpose(2, 3, 1, 0), pairs[0][1], channels))
        for layer, (kernel, bias) in zip(layers[1:], pairs[1:], strict=True):
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            layer.set_weights([kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)), bias])
    except ValueError as error:
        raise ModelCorruptError(f"{weights} holds another network: {error}") from error
    return model


def fold_pixels(kernel: Floats, bias: Floats, channels: int) -> tuple[Floats, Floats]:
    """The first convolution for pixels as this project reads them.

    The same answers, except in the last row and column, whose window hangs over the edge: what it sees there
    is mid-grey, which was the mean colour before.

    Args:
        kernel: [3, 3, 3, C], for BGR of 0 to 255 less its mean.
        channels: 1 sums the colours: a grey pixel is three equal ones.
    Returns:
        Kernel [3, 3, channels, C] and bias for pixels as `train_keras.batches` scales them.
    """
    at_zero = -INPUT_OFFSET / INPUT_SCALE - np.array(MEAN)
    folded = kernel / INPUT_SCALE
    if channels == 1:
        folded = folded.sum(2, keepdims=True)
    return folded.astype(np.float32), (bias + np.einsum("hwbc,b->c", kernel, at_zero)).astype(np.float32)


def write_start(
    weights: Annotated[Path, typer.Argument(help="face_mobilenet_v1_vggface2.npz.")],
    start: Annotated[Path, typer.Argument(help="Where the network goes.")] = START,
    input_size: Annotated[int, typer.Option(help="Side of the pictures in pixels, a multiple of 32.")] = 96,
    channels: Annotated[int, typer.Option(help="1 for grey pictures, 3 for colour.")] = 1,
) -> None:
    """Convert the pretrained face network to a file that a recipe can start from."""
    model = convert(weights, input_size, channels)
    start = start.expanduser()
    start.parent.mkdir(parents=True, exist_ok=True)
    model.save(start)
    typer.echo(f"wrote {start}: {model.count_params():,} parameters")


if __name__ == "__main__":
    typer.run(write_start)
