import keras
import numpy as np
import pytest

from edge.errors import ConfigError
from train_keras.cost import gflops
from train_keras.models import build
from train_keras.models.facet import Enlarge, facet


@pytest.fixture(scope="module")
def shipped():
    return facet()


def test_size_and_cost(shipped):
    assert shipped.count_params() == 136_662
    assert gflops(shipped) == pytest.approx(0.164, abs=1e-3)


def test_maps(shipped):
    shapes = {name: tuple(output.shape[1:]) for name, output in shipped.output.items()}
    assert shapes == {
        "class8": (32, 40, 4),
        "class16": (16, 20, 4),
        "class32": (8, 10, 4),
        "geometry8": (32, 40, 14),
        "geometry16": (16, 20, 14),
        "geometry32": (8, 10, 14),
    }


def test_untrained_scores_are_the_prior(shipped):
    maps = shipped(np.zeros((1, 256, 320, 3), np.float32), training=False)
    scores = 1 / (1 + np.exp(-np.asarray(maps["class16"])[..., 0]))
    assert np.median(scores) == pytest.approx(0.01, abs=0.005)


def test_weights_serve_every_size(shipped):
    """The same picture with more grey beside it: far from the seam the cells say the same."""
    rng = np.random.default_rng(0)
    narrow, wide = facet((96, 64), blocks=(0, 0, 0, 0)), facet((320, 64), blocks=(0, 0, 0, 0))
    wide.set_weights(narrow.get_weights())
    picture = np.zeros((1, 64, 320, 3), np.float32)
    picture[:, :, :96] = rng.uniform(-1, 1, (1, 64, 96, 3))
    near = np.asarray(narrow(picture[:, :, :96], training=False)["class8"])
    far = np.asarray(wide(picture, training=False)["class8"])
    assert near.shape == (1, 8, 12, 4)
    assert far.shape == (1, 8, 40, 4)
    assert np.isfinite(far).all()


def test_enlarge():
    maps = np.arange(2 * 3 * 2, dtype=np.float32).reshape(1, 2, 3, 2)
    assert np.array_equal(np.asarray(Enlarge()(maps)), maps.repeat(2, axis=1).repeat(2, axis=2))


def test_save_and_load(tmp_path):
    model = facet((64, 32), (4, 4, 8, 8, 8), (0, 1, 0, 0), 8)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 32, 64, 3)).astype(np.float32)
    for name, answer in model(picture, training=False).items():
        assert np.array_equal(answer, loaded(picture, training=False)[name])


@pytest.mark.parametrize(
    "options", [{"input_size": (100, 64)}, {"channels": (4, 8)}, {"blocks": (1, 1, 1)}, {"depth": 3}]
)
def test_unusable_options(options):
    with pytest.raises(ConfigError, match=r"model\.options"):
        build("facet", **options)
