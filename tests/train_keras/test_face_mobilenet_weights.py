from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edge.errors import DataError, ModelCorruptError
from train_keras.data.sets import read_set
from train_keras.face_mobilenet_weights import MEAN, convert, fold_pixels, write_start
from train_keras.models.face_mobilenet import face_mobilenet
from train_keras.predicting import probabilities
from train_keras.starting import take_over

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def weights():
    path = ROOT.parent / "shared" / "weights" / "face_mobilenet_v1_vggface2.npz"
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is no part of the repository")
    return path


@pytest.fixture(scope="module")
def network(weights):
    return convert(weights)


def test_folded_stem_sees_what_the_pretrained_one_saw():
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(0, 0.1, (3, 3, 3, 4)).astype(np.float32), rng.normal(0, 1, 4).astype(np.float32)
    grey = rng.integers(0, 256, (1, 7, 7, 1)).astype(np.float32)
    before = keras.ops.conv(grey.repeat(3, -1) - np.array(MEAN, np.float32), kernel, 2, "valid") + bias
    for channels in (1, 3):
        ours, at_zero = fold_pixels(kernel, bias, channels)
        after = keras.ops.conv(grey.repeat(channels, -1) / 128 - 1, ours, 2, "valid") + at_zero
        assert np.asarray(after) == pytest.approx(np.asarray(before), abs=1e-3)


def test_knows_people_again(network, shared):
    """Features that were trained to tell people apart: two pictures of one are nearer than of two."""
    faces = read_set("lfw", shared / "lfw_expressions.zip")
    names, counts = np.unique(faces.identities, return_counts=True)
    pairs = [np.flatnonzero(faces.identities == name)[:2] for name in names[counts > 1][:60]]
    features = probabilities(network, faces.images[np.concatenate(pairs)])
    features -= features.mean(0)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    alike = features[::2] @ features[1::2].T
    same, other = np.diag(alike), alike[~np.eye(len(alike), dtype=bool)]
    assert (same[:, None] > other).mean() > 0.8


def test_training_starts_from_it(network, tmp_path):
    network.save(tmp_path / "start.keras")
    model = face_mobilenet(96, channels=1)
    assert take_over(tmp_path / "start.keras", model) == ["logits"]
    kernel = model.get_layer("block13_pointwise").get_weights()[0]
    assert np.array_equal(kernel, network.get_layer("block13_pointwise").get_weights()[0])


def test_unusable_files(weights, tmp_path):
    with pytest.raises(DataError, match="is damaged"):
        convert(tmp_path / "absent.npz")
    arrays = dict(np.load(weights))
    arrays["features.3.conv.weight"] = arrays["features.3.conv.weight"][:7]
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ModelCorruptError, match="holds another network"):
        convert(tmp_path / "other.npz")
    del arrays["features.26.conv.bias"]
    np.savez(tmp_path / "short.npz", **arrays)
    with pytest.raises(DataError, match=r"features\.26\.conv\.bias"):
        convert(tmp_path / "short.npz")


def test_command(weights, tmp_path):
    app = typer.Typer()
    app.command()(write_start)
    done = CliRunner().invoke(app, [str(weights), str(tmp_path / "new" / "start.keras")])
    assert done.exit_code == 0, done.output
    assert "3,195,456 parameters" in done.output
    assert (tmp_path / "new" / "start.keras").is_file()
